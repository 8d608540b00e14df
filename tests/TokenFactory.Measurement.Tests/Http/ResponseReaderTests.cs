using System.Globalization;
using System.Text;
using System.Text.Json;
using CsCheck;
using TokenFactory.Measurement.Http;
using TokenFactory.Measurement.Load;
using TokenFactory.Measurement.Tests.Fakes;
using TokenFactory.TestSupport;
using Xunit;

namespace TokenFactory.Measurement.Tests.Http;

public sealed class ResponseReaderTests
{
    private const string EventStream = "Content-Type: text/event-stream\r\n";

    private static (RequestTrace Trace, ResponseReader Reader, bool Closed) Read(string answer, int[] cuts)
    {
        var trace = new RequestTrace();
        var reader = new ResponseReader();

        // What an earlier answer left behind must not matter.
        reader.Begin(new RequestTrace());
        reader.Feed("HTTP/1.0 500 Oh\r\nContent-Length: 9\r\nContent-Type: application/json\r\n\r\n{\"error\""u8, 1);
        reader.Begin(trace);
        byte[] bytes = Encoding.UTF8.GetBytes(answer);
        int next = 0;
        for (int at = 0; at < bytes.Length;)
        {
            int length = Math.Min(cuts[next++ % cuts.Length], bytes.Length - at);
            reader.Feed(bytes.AsSpan(at, length), next);
            at += length;
        }

        return (trace, reader, reader.Close(next + 1));
    }

    private static string Chunks(string body, int size) => string.Concat(Enumerable.Range(0, (body.Length + size - 1) / size).Select(i =>
    {
        string piece = body[(i * size)..Math.Min(body.Length, (i + 1) * size)];
        return $"{piece.Length.ToString("x", CultureInfo.InvariantCulture)}{(i % 2 == 0 ? "" : ";name=value")}\r\n{piece}\r\n";
    })) + "0\r\n";

    public static TheoryData<string, bool> Answers()
    {
        string body = TestServer.Chat(7);
        string length = body.Length.ToString(CultureInfo.InvariantCulture);
        return new()
        {
            { $"HTTP/1.1 200 OK\r\n{EventStream}Transfer-Encoding: chunked\r\n\r\n{Chunks(body, 41)}\r\n", true },
            { $"HTTP/1.1 200 OK\r\n{EventStream}transfer-encoding: Chunked\r\nConnection: close\r\n\r\n{Chunks(body, 1000)}X-Trailer: 1\r\n\r\n", false },
            { $"HTTP/1.1 200\r\ncontent-length:{length}\r\n{EventStream}\r\n{body}", true },
            { $"HTTP/1.1 200 OK\n{EventStream.Replace("\r", "", StringComparison.Ordinal)}Content-Length: {length}\n\n{body}", true },
            { $"HTTP/1.1 200 OK\r\n\r\n{body}", false },
            { $"HTTP/1.0 200 OK\r\nContent-Length: {length}\r\n\r\n{body}", false },
            { $"HTTP/1.1 200 OK\r\nConnection: X-Hop, Close\r\nContent-Length: {length}\r\n\r\n{body}", false },
            { $"HTTP/1.0 200 OK\r\nConnection: x-hop ,Keep-Alive\r\nContent-Length: {length}\r\n\r\n{body}", true },
            { $"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: {length}\r\n\r\n{body}", true },
            { $"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nContent-Type: text/html\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}", true },
            { $"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}HTTP/1.1 200", false },
        };
    }

    [Theory]
    [MemberData(nameof(Answers))]
    public void Every_framing_of_a_body_is_read_however_it_is_cut(string answer, bool keepAlive) =>
        Gen.Int[1, 60].Array[1, 200].SampleRepeatably(
            cuts =>
            {
                (RequestTrace trace, ResponseReader reader, bool closed) = Read(answer, cuts);
                Assert.Equal((200, true, true, keepAlive), (reader.Status, closed, reader.Done, reader.KeepAlive));
                Assert.Equal((7, 7, "length", null), (trace.FragmentCount, trace.OutputTokens, trace.FinishReason, trace.Failure));
            },
            iter: 50);

    [Theory]
    [InlineData("HTTP/1.1 429 Too Many\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n2\r\n1}\r\n0\r\n\r\n", 429, "Too Many", "{\"a\":1}")]
    [InlineData("HTTP/1.1 503 \r\nContent-Length: 0\r\n\r\n", 503, "", "")]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: /b\r\n\r\nmoved", 302, "Found", "moved")]
    [InlineData("HTTP/1.1 304 Not Modified\r\n\r\n", 304, "Not Modified", "")]
    public void A_refusal_keeps_its_words(string answer, int status, string reason, string body) =>
        Gen.Int[1, 30].Array[1, 50].SampleRepeatably(
            cuts =>
            {
                (_, ResponseReader reader, bool closed) = Read(answer, cuts);
                Assert.True(closed && reader.Settled);
                Assert.Equal((status, reason, body), (reader.Status, reader.Reason, Encoding.UTF8.GetString(reader.Body)));
            },
            iter: 30);

    [Theory]
    [InlineData("Application/JSON; charset=utf-8", "application/json")]
    [InlineData("text/html", "text/html")]
    [InlineData("text/plain", null)]
    public void An_answer_that_is_no_stream_is_seen_by_its_type(string type, string? seen)
    {
        (RequestTrace trace, ResponseReader reader, _) = Read($"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nContent-Length: 2\r\n\r\n{{}}", [1000]);
        Assert.Equal((seen, 0), (reader.OtherType, trace.FragmentCount));
    }

    [Theory]
    [InlineData("HTTP/2 200 OK\r\n\r\n")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    [InlineData("HTTP/1.1 2x0 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nno colon\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n")]
    public void What_is_not_the_protocol_is_refused(string answer) => Assert.Throws<InvalidDataException>(() => Read(answer, [3]));

    [Fact]
    public void A_head_without_an_end_is_refused() =>
        Assert.Throws<InvalidDataException>(() => Read("HTTP/1.1 200 OK\r\n" + string.Concat(Enumerable.Repeat("X-A: " + new string('a', 1000) + "\r\n", 70)), [700]));

    [Fact]
    public void A_body_that_stops_early_is_not_over()
    {
        Assert.False(Read($"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{TestServer.Chat(1)}", [50]).Closed);
        Assert.False(Read($"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{Chunks(TestServer.Chat(1), 30)[..^5]}", [50]).Closed);
        Assert.False(Read("HTTP/1.1 200 OK\r\nContent-Le", [50]).Closed);
    }

    [Fact]
    public void No_bytes_make_it_hang_or_fail_otherwise() =>
        Gen.Select(Gen.Int[0, 3], Gen.Byte.Array[0, 300]).SampleRepeatably((start, bytes) =>
        {
            string[] starts = ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 500 A\r\n\r\n"];
            try
            {
                _ = Read(starts[start] + Encoding.Latin1.GetString(bytes), [11, 2]);
            }
            catch (Exception e) when (e is InvalidDataException or JsonException)
            {
                // Garbage may be refused, in these ways.
            }
        });
}
