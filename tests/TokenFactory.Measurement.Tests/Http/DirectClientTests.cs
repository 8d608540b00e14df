using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using TokenFactory.Measurement.Http;
using TokenFactory.Measurement.Load;
using TokenFactory.Measurement.Prompts;
using TokenFactory.Measurement.Tests.Fakes;
using Xunit;

namespace TokenFactory.Measurement.Tests.Http;

public sealed class DirectClientTests
{
    private static async Task<ThroughputMeasurement> MeasureAsync(Uri uri, LoadPlan plan, int inputTokens = 12, CancellationToken stop = default)
    {
        await using var target = new ServerTarget(new ServerOptions { Uri = uri, Model = "m" });
        using var runner = new LoadRunner(plan with { Prompts = new SyntheticPrompts(new WordPromptWriter(), inputTokens, 5, 1) }, target);
        return await runner.RunAsync(new RunDescription { Model = "m", Api = "chat", Load = "" }, null, stop);
    }

    private static LoadPlan Plan(int requests, int concurrency) => new()
    {
        Shape = new ConcurrencyLoad(concurrency),
        Requests = requests,
        Prompts = null!,
        RequestTimeout = TimeSpan.FromSeconds(20),
    };

    private static string Answer(string body, string end = "0\r\n\r\n") =>
        FormattableString.Invariant($"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n{body.Length:x}\r\n{body}\r\n{end}");

    [Fact]
    public async Task A_connection_carries_one_request_after_the_other()
    {
        ConcurrentDictionary<string, bool> connections = new();
        await using TestServer server = await TestServer.StartAsync((c, _) =>
        {
            connections[c.Connection.Id] = true;
            return TestServer.StreamAsync(c, TestServer.Chat(3));
        });
        ThroughputMeasurement m = await MeasureAsync(server.Uri, Plan(40, 2));
        Assert.Equal((40, 0), (m.Requests, m.Failed));
        Assert.InRange(connections.Count, 1, 2);
    }

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("127.0.0.1", "localhost")]
    [InlineData("::1", "[::1]")]
    public async Task A_host_may_be_an_address_or_a_name(string listens, string host)
    {
        var address = IPAddress.Parse(listens);
        Assert.SkipUnless(address.AddressFamily == AddressFamily.InterNetwork || Socket.OSSupportsIPv6, "This system has no IPv6.");
        string head = "";
        RawServer server;
        try
        {
            server = new RawServer(
                async (socket, _) =>
                {
                    head = await RawServer.RequestAsync(socket);
                    await RawServer.SendAsync(socket, Answer(TestServer.Chat(2)));
                },
                address);
        }
        catch (SocketException) when (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            Assert.Skip("This system's loopback has no IPv6.");
            return;
        }

        await using (server)
        {
            ThroughputMeasurement m = await MeasureAsync(new Uri($"http://{host}:{server.Uri.Port}"), Plan(1, 1));
            Assert.Equal((1, 0), (m.Requests, m.Failed));
            Assert.Contains($"\r\nHost: {host}:{server.Uri.Port}\r\n", head, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_connection_that_the_server_has_closed_is_not_used_again()
    {
        await using var server = new RawServer(async (socket, _) =>
        {
            await RawServer.RequestAsync(socket);
            await RawServer.SendAsync(socket, Answer(TestServer.Chat(2)));
            socket.Shutdown(SocketShutdown.Both);
        });
        await using var target = new ServerTarget(new ServerOptions { Uri = server.Uri, Model = "m" });
        for (int i = 0; i < 3; i++)
        {
            var trace = new RequestTrace();
            await target.SendAsync(new LoadRequest { Text = "a", OutputTokens = 2 }, trace, CancellationToken.None);
            Assert.Null(trace.Failure);
            await server.ClosedAsync();
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_request_on_a_kept_connection_that_is_closed_without_an_answer_goes_out_once_more(bool direct)
    {
        await using var server = new RawServer(async (socket, _) =>
        {
            await RawServer.RequestAsync(socket);
            await RawServer.SendAsync(socket, Answer(TestServer.Chat(2)));
            await RawServer.RequestAsync(socket);
            socket.Shutdown(SocketShutdown.Both);
        });
        await using var target = new ServerTarget(Options(server.Uri, direct));
        for (int i = 0; i < 4; i++)
        {
            var trace = new RequestTrace();
            await target.SendAsync(new LoadRequest { Text = "a", OutputTokens = 2 }, trace, CancellationToken.None);
            Assert.True(trace.Failure is null, trace.Failure?.ToString());
            Assert.Equal(2, trace.FragmentCount);
        }

        Assert.Equal(4, server.Connections);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Several_kept_connections_that_are_closed_at_once_cost_no_request(bool direct)
    {
        var all = new TaskCompletionSource();
        int open = 0;
        await using var server = new RawServer(async (socket, number) =>
        {
            await RawServer.RequestAsync(socket);
            if (number < 4 && Interlocked.Increment(ref open) == 4)
            {
                all.SetResult();
            }

            await all.Task;
            await RawServer.SendAsync(socket, Answer(TestServer.Chat(2)));
            await RawServer.RequestAsync(socket);
            socket.Shutdown(SocketShutdown.Both);
        });
        await using var target = new ServerTarget(Options(server.Uri, direct));
        for (int round = 0; round < 2; round++)
        {
            RequestTrace[] traces = [.. Enumerable.Range(0, 4).Select(_ => new RequestTrace())];
            await Task.WhenAll(traces.Select(t => target.SendAsync(new LoadRequest { Text = "a", OutputTokens = 2 }, t, CancellationToken.None).AsTask()));
            Assert.All(traces, t => Assert.True(t.Failure is null, t.Failure?.ToString()));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_request_on_a_new_connection_that_is_closed_without_an_answer_is_lost(bool direct)
    {
        await using var server = new RawServer(async (socket, _) =>
        {
            await RawServer.RequestAsync(socket);
            socket.Shutdown(SocketShutdown.Both);
        });
        await using var target = new ServerTarget(Options(server.Uri, direct));
        var trace = new RequestTrace();
        await target.SendAsync(new LoadRequest { Text = "a", OutputTokens = 2 }, trace, CancellationToken.None);
        Assert.Equal((FailureReason.ConnectionLost, 1), (trace.Failure!.Reason, server.Connections));
    }

    // The framework's client is for TLS and proxies; a test of its own path needs no certificate when the direct one is told to stand back.
    private static ServerOptions Options(Uri uri, bool direct) => new() { Uri = uri, Model = "m", UseFrameworkClient = !direct };

    [Fact]
    public async Task A_server_that_never_ends_its_answer_after_the_end_mark_costs_no_request()
    {
        var never = new TaskCompletionSource();
        await using var server = new RawServer(async (socket, _) =>
        {
            await RawServer.RequestAsync(socket);
            await RawServer.SendAsync(socket, Answer(TestServer.Chat(2), end: ""));
            await never.Task;
        });
        ThroughputMeasurement m = await MeasureAsync(server.Uri, Plan(2, 2));
        never.SetResult();
        Assert.Equal((2, 0), (m.Requests, m.Failed));

        // What comes after the end mark is in no figure.
        Assert.True(m.E2eSeconds.Maximum < 0.9);
    }

    [Theory]
    [InlineData(0, FailureReason.NoOutput)]
    [InlineData(2, null)]
    public async Task An_answer_whose_end_comes_on_its_own_is_judged_like_any(int fragments, FailureReason? reason)
    {
        await using var server = new RawServer(async (socket, _) =>
        {
            while (true)
            {
                await RawServer.RequestAsync(socket);
                await RawServer.SendAsync(socket, Answer(TestServer.Chat(fragments), end: ""));
                await Task.Delay(20);
                await RawServer.SendAsync(socket, "0\r\n\r\n");
            }
        });
        await using var target = new ServerTarget(new ServerOptions { Uri = server.Uri, Model = "m", CountTokens = t => t.Length });
        for (int i = 0; i < 3; i++)
        {
            var trace = new RequestTrace();
            await target.SendAsync(new LoadRequest { Text = "a", OutputTokens = 2 }, trace, CancellationToken.None);
            Assert.Equal((reason, reason is null ? 4 : null), (trace.Failure?.Reason, trace.ClientTokens));
        }

        Assert.Equal(1, server.Connections);
    }

    [Fact]
    public async Task A_long_prompt_that_is_refused_while_it_is_sent_is_counted_by_its_status()
    {
        await using var server = new RawServer(async (socket, _) =>
        {
            await RawServer.SendAsync(socket, "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
            await RawServer.UntilClosedAsync(socket);
        });
        ThroughputMeasurement m = await MeasureAsync(server.Uri, Plan(2, 1), inputTokens: 2_000_000);
        Assert.Equal(2, m.Failures["HttpStatus 413"]);
    }

    [Fact]
    public async Task What_is_no_http_is_a_malformed_answer()
    {
        await using var server = new RawServer(async (socket, _) =>
        {
            await RawServer.RequestAsync(socket);
            await RawServer.SendAsync(socket, "220 mail.example ESMTP\r\n");
            await RawServer.UntilClosedAsync(socket);
        });
        Assert.Equal(1, (await MeasureAsync(server.Uri, Plan(1, 1))).Failures["MalformedStream"]);
    }

    [Fact]
    public async Task An_answer_that_never_comes_is_a_lost_connection_and_one_that_stops_a_truncated_stream()
    {
        await using var server = new RawServer(async (socket, number) =>
        {
            await RawServer.RequestAsync(socket);
            if (number % 2 == 1)
            {
                await RawServer.SendAsync(socket, Answer(TestServer.Chat(2)[..^80], end: ""));
            }

            socket.Shutdown(SocketShutdown.Both);
        });
        ThroughputMeasurement m = await MeasureAsync(server.Uri, Plan(4, 1));
        Assert.Equal((2, 2), (m.Failures["ConnectionLost"], m.Failures["StreamTruncated"]));
    }

    [Fact]
    public async Task A_stopped_run_gives_hundreds_of_open_streams_up_and_keeps_what_was_measured()
    {
        using var stop = new CancellationTokenSource();
        int open = 0;
        await using TestServer server = await TestServer.StartAsync(async (c, n) =>
        {
            if (n < 10)
            {
                await TestServer.StreamAsync(c, TestServer.Chat(2));
                return;
            }

            await TestServer.StreamAsync(c, "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n");
            if (Interlocked.Increment(ref open) == 300)
            {
                stop.Cancel();
            }

            await Task.Delay(Timeout.Infinite, c.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });
        ThroughputMeasurement m = await MeasureAsync(server.Uri, Plan(1000, 300), stop: stop.Token);
        Assert.Equal((10, 0, 300, false), (m.Requests, m.Failed, m.Unfinished, m.Completed));
    }

    [Fact]
    public async Task A_fragment_has_the_time_at_which_it_came()
    {
        var second = new TaskCompletionSource();
        long sentSecond = 0;
        await using var server = new RawServer(async (socket, _) =>
        {
            string stream = TestServer.Chat(2);
            int half = stream.LastIndexOf("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\"", StringComparison.Ordinal);
            await RawServer.RequestAsync(socket);
            await RawServer.SendAsync(socket, Answer(stream[..half], end: ""));
            await second.Task;
            sentSecond = Stopwatch.GetTimestamp();
            await RawServer.SendAsync(socket, FormattableString.Invariant($"{stream.Length - half:x}\r\n{stream[half..]}\r\n0\r\n\r\n"));
        });
        await using var target = new ServerTarget(new ServerOptions { Uri = server.Uri, Model = "m" });
        var trace = new RequestTrace();
        Task running = target.SendAsync(new LoadRequest { Text = "a", OutputTokens = 2 }, trace, CancellationToken.None).AsTask();
        while (trace.FragmentCount == 0)
        {
            await Task.Delay(1);
        }

        second.SetResult();
        await running;
        Assert.Equal(2, trace.FragmentCount);
        Assert.True(trace.SentTimestamp <= trace.Fragments[0] && trace.Fragments[0] < sentSecond && sentSecond <= trace.Fragments[1] && trace.Fragments[1] <= trace.EndTimestamp);
    }
}
