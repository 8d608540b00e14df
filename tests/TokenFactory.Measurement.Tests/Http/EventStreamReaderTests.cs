using System.Diagnostics;
using System.Text;
using System.Text.Json;
using CsCheck;
using TokenFactory.Measurement.Http;
using TokenFactory.Measurement.Load;
using TokenFactory.TestSupport;
using Xunit;

namespace TokenFactory.Measurement.Tests.Http;

public sealed class EventStreamReaderTests
{
    private const string Content = "data: {\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}";
    private const string Finish = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}";

    private static (RequestTrace Trace, bool Done) Read(string text, params int[] cuts)
    {
        var trace = new RequestTrace { Text = new StringBuilder() };
        trace.MarkSent();
        var reader = new EventStreamReader();
        using var stream = new CutStream(Encoding.UTF8.GetBytes(text), cuts);
        reader.ReadAsync(stream, trace, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        return (trace, reader.Done);
    }

    public static TheoryData<string> Streams() => StreamFixture.Names();

    [Theory]
    [MemberData(nameof(Streams))]
    public void Streams_of_real_servers_are_understood_however_they_are_cut(string file)
    {
        StreamFixture fixture = StreamFixture.Read(file);
        Gen.Int[1, 40].Array[1, 400].SampleRepeatably(
            cuts =>
            {
                (RequestTrace trace, bool done) = Read(fixture.Body, cuts);
                Assert.Equal(fixture.Failure == FailureReason.StreamError, trace.Failure is not null);
                Assert.Equal(fixture.HasEndMark && trace.Failure is null, done);
                fixture.AssertCounts(trace);
                ReadOnlySpan<long> times = trace.Fragments;
                for (int i = 1; i < times.Length; i++)
                {
                    Assert.True(times[i] >= times[i - 1]);
                }

                Assert.True(times.IsEmpty || (times[0] >= trace.SentTimestamp && trace.EndTimestamp >= times[^1]));
            },
            iter: 30);
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r")]
    [InlineData("\r\n")]
    public void Every_line_ending_of_the_standard_is_one(string ending)
    {
        string text = $": comment{ending}event: message{ending}{Content}{ending}{ending}{Finish}{ending}{ending}data: [DONE]{ending}{ending}";
        Gen.Int[1, 9].Array[1, 300].SampleRepeatably(
            cuts =>
            {
                (RequestTrace trace, bool done) = Read(text, cuts);
                Assert.True(done);
                Assert.Equal((1, "stop", "hi"), (trace.FragmentCount, trace.FinishReason, trace.Text!.ToString()));
            },
            iter: 50);
    }

    [Fact]
    public void A_role_a_finish_and_a_usage_are_no_output()
    {
        (RequestTrace trace, _) = Read("data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n" + Finish + "\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":5}}\n\ndata: [DONE]\n\n");
        Assert.Equal((0, 5), (trace.FragmentCount, trace.OutputTokens));
    }

    [Theory]
    [InlineData("{\"content\":\"a\"}", true)]
    [InlineData("{\"reasoning_content\":\"a\"}", true)]
    [InlineData("{\"reasoning\":\"a\",\"content\":\"\"}", true)]
    [InlineData("{\"refusal\":\"a\"}", true)]
    [InlineData("{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]}", true)]
    [InlineData("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\"}}]}", true)]
    [InlineData("{\"function_call\":{\"name\":\"f\"}}", true)]
    [InlineData("{\"tool_calls\":[]}", false)]
    [InlineData("{\"tool_calls\":[{\"index\":0,\"id\":\"x\",\"function\":{\"arguments\":\"\"}}]}", false)]
    [InlineData("{\"content\":null}", false)]
    [InlineData("{\"content\":[{\"type\":\"text\"}]}", false)]
    [InlineData("{\"content\":[{\"type\":\"text\",\"text\":\"a\"}]}", true)]
    [InlineData("{\"content\":[{\"type\":\"text\",\"text\":{\"x\":\"a\"}},{\"text\":\"\"}]}", false)]
    [InlineData("{\"tool_calls\":[{\"index\":0,\"type\":\"custom\",\"custom\":{\"input\":\"a\"}}]}", true)]
    [InlineData("{\"role\":\"assistant\"}", false)]
    [InlineData("null", false)]
    public void A_fragment_is_any_non_empty_output(string delta, bool output)
    {
        (RequestTrace trace, _) = Read($"data: {{\"choices\":[{{\"delta\":{delta},\"index\":0}}]}}\n\n");
        Assert.Equal(output ? 1 : 0, trace.FragmentCount);
    }

    [Theory]
    [InlineData("data: {\"error\":{\"message\":\"out of memory\",\"code\":500}}\n\n", "out of memory")]
    [InlineData("data: {\"error\":\"out of memory\"}\n\n", "out of memory")]
    [InlineData("data: {\"object\":\"error\",\"message\":\"out of memory\",\"code\":400}\n\n", "out of memory")]
    [InlineData("event: error\ndata: {\"message\":\"out of memory\"}\n\n", "out of memory")]
    [InlineData("event: error\n: out of memory\n\n", "out of memory")]
    [InlineData("event: error\n\n", "without a message")]
    [InlineData("error: {\"code\":500,\"message\":\"out of memory\"}\n\n", "out of memory")]
    [InlineData("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"abort\"}]}\n\n", "abort")]
    [InlineData("{\"error\":{\"message\":\"out of memory\"}}\n", "out of memory")]
    public void An_error_inside_a_stream_is_a_failure(string text, string says)
    {
        (RequestTrace trace, _) = Read(Content + "\n\n" + text + "data: [DONE]\n\n");
        Assert.Equal(FailureReason.StreamError, trace.Failure!.Reason);
        Assert.Contains(says, trace.Failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_event_over_several_data_lines_is_one() =>
        Assert.Equal(1, Read("data: {\"choices\":\ndata: [{\"delta\":{\"content\":\"hi\"}}]}\n\n").Trace.FragmentCount);

    [Fact]
    public void Events_without_empty_lines_between_are_told_apart() =>
        Assert.Equal(3, Read(string.Concat(Enumerable.Repeat(Content + "\n", 3)) + "data: [DONE]\n").Trace.FragmentCount);

    [Fact]
    public void An_event_longer_than_the_first_buffer_is_whole()
    {
        string word = new('x', 200_000);
        (RequestTrace trace, _) = Read($"data: {{\"choices\":[{{\"delta\":{{\"content\":\"{word}\"}}}}]}}\n\ndata: [DONE]\n\n", 1000, 3000);
        Assert.Equal(word, trace.Text!.ToString());
    }

    [Theory]
    [InlineData("data: {\"choices\":[\n\n")]
    [InlineData("data: 5\n\n")]
    [InlineData("data: {\"choices\":[{\"delta\":{\"content\":\"\\ud8\"}}]}\n\n")]
    public void What_is_not_the_protocol_is_refused(string text) => Assert.ThrowsAny<JsonException>(() => Read(text));

    [Fact]
    public void No_bytes_make_it_hang_or_fail_otherwise() =>
        Gen.Byte.Array[0, 400].SampleRepeatably(bytes =>
        {
            var trace = new RequestTrace();
            var reader = new EventStreamReader();
            using var stream = new CutStream([.. "data: {\"choices\":"u8, .. bytes], [7, 3]);
            try
            {
                reader.ReadAsync(stream, trace, CancellationToken.None).AsTask().GetAwaiter().GetResult();
            }
            catch (JsonException)
            {
                // Garbage may be refused, in this one way.
            }
        });

    [Fact]
    public void Fragments_that_come_together_have_one_time_and_later_ones_a_later()
    {
        (RequestTrace trace, _) = Read(Content + "\n\n" + Content + "\n\n", 10_000);
        Assert.Equal(trace.Fragments[0], trace.Fragments[1]);
        Assert.True(trace.Fragments[0] <= Stopwatch.GetTimestamp());
    }

    /// <summary>Gives its bytes in pieces of the sizes that a test says.</summary>
    private sealed class CutStream(byte[] bytes, int[] cuts) : MemoryStream(bytes)
    {
        private int _next;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(cuts.Length == 0 ? buffer : buffer[..Math.Min(buffer.Length, cuts[_next++ % cuts.Length])], cancellationToken);
    }
}
