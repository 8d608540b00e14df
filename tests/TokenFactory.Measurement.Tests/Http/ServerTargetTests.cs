using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using TokenFactory.Core;
using TokenFactory.Measurement.Http;
using TokenFactory.Measurement.Load;
using TokenFactory.Measurement.Prompts;
using TokenFactory.Measurement.Records;
using TokenFactory.Measurement.Tests.Fakes;
using Xunit;

namespace TokenFactory.Measurement.Tests.Http;

public sealed class ServerTargetTests
{
    private const string Key = "sk-very-secret-4711";

    private static async Task<ThroughputMeasurement> MeasureAsync(TestServer server, LoadPlan? plan = null, Func<ServerOptions, ServerOptions>? change = null)
    {
        ServerOptions options = new() { Uri = server.Uri, Model = "m" };
        await using var target = new ServerTarget(change?.Invoke(options) ?? options);
        using var runner = new LoadRunner(plan ?? Plan(8), target);
        return await runner.RunAsync(new RunDescription { Model = target.Model, Provider = target.Provider, Api = target.Api, Load = "" }, null, CancellationToken.None);
    }

    private static LoadPlan Plan(int requests, int concurrency = 2) => new()
    {
        Shape = new ConcurrencyLoad(concurrency),
        Requests = requests,
        Prompts = new SyntheticPrompts(new WordPromptWriter(), 12, 5, 1),
        RequestTimeout = TimeSpan.FromSeconds(20),
    };

    [Fact]
    public async Task A_run_counts_its_requests_and_takes_tokens_from_the_usage()
    {
        await using TestServer server = await TestServer.StreamingAsync(TestServer.Chat(6, inputTokens: 33));
        ThroughputMeasurement m = await MeasureAsync(server, Plan(20) with { WarmupRequests = 3 });
        Assert.Equal(23, server.Requests.Count);
        Assert.Equal((20, 0, 33.0, 6.0, 6.0), (m.Requests, m.Failed, m.InputTokens, m.OutputTokens, m.ClientOutputTokens));
        Assert.Equal(("server usage", "chat", 2), (m.TokenCount, m.Api, m.Concurrency));
        Assert.Equal(20 * 5, m.ItlSeconds.Count);
        (string path, string body, string authorization, _) = server.Requests.First();
        Assert.Equal("/v1/chat/completions", path);
        using var json = JsonDocument.Parse(body);
        Assert.Equal("m", json.RootElement.GetProperty("model").GetString());
        Assert.Equal(5, json.RootElement.GetProperty("max_tokens").GetInt32());
        Assert.True(json.RootElement.GetProperty("stream").GetBoolean());
        Assert.Equal(12, json.RootElement.GetProperty("messages")[0].GetProperty("content").GetString()!.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Empty(authorization);
    }

    [Theory]
    [InlineData("", null, "/v1/chat/completions", "chat")]
    [InlineData("v1", null, "/v1/chat/completions", "chat")]
    [InlineData("v1/", ServerApi.Completions, "/v1/completions", "completions")]
    [InlineData("proxy/v1", null, "/proxy/v1/chat/completions", "chat")]
    [InlineData("v1/completions", null, "/v1/completions", "completions")]
    [InlineData("openai/chat/completions", null, "/openai/chat/completions", "chat")]
    public async Task The_address_may_be_the_host_the_version_or_the_call(string path, ServerApi? api, string expected, string call)
    {
        await using TestServer server = await TestServer.StreamingAsync("data: {\"choices\":[{\"text\":\"a\",\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n");
        ThroughputMeasurement m = await MeasureAsync(server, Plan(1), o => o with { Uri = new Uri(o.Uri, path), Api = api });
        Assert.Equal((expected, call), (server.Requests.Single().Path, m.Api));
        Assert.Equal(0, m.Failed);
    }

    [Fact]
    public async Task Http_2_is_spoken_with_prior_knowledge()
    {
        await using TestServer server = await TestServer.StartAsync((c, _) => TestServer.StreamAsync(c, TestServer.Chat(3)), HttpProtocols.Http2);
        ThroughputMeasurement m = await MeasureAsync(server, Plan(30, 8), o => o with { HttpVersion = System.Net.HttpVersion.Version20 });
        Assert.Equal((30, 0), (m.Requests, m.Failed));
        Assert.All(server.Requests, r => Assert.Equal("HTTP/2", r.Protocol));
    }

    [Fact]
    public async Task Tls_negotiates_http_2_and_a_certificate_nobody_vouches_for_is_refused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 made = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using X509Certificate2 certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
        await using TestServer server = await TestServer.StartAsync((c, _) => TestServer.StreamAsync(c, TestServer.Chat(3)), HttpProtocols.Http1AndHttp2, certificate);
        ThroughputMeasurement trusted = await MeasureAsync(server, Plan(6), o => o with { SkipCertificateCheck = true, ApiKey = new ApiKey(Key) });
        Assert.Equal((6, 0), (trusted.Requests, trusted.Failed));
        Assert.All(server.Requests, r => Assert.Equal("HTTP/2", r.Protocol));
        ThroughputMeasurement refused = await MeasureAsync(server, Plan(2));
        Assert.Equal(2, refused.Failures["ConnectionFailed"]);
        Assert.Equal(6, server.Requests.Count);
    }

    public static TheoryData<string, FailureReason> BadStreams() => new()
    {
        { TestServer.Chat(2).Replace("data: [DONE]\n\n", "", StringComparison.Ordinal).Replace("\"finish_reason\":\"length\"", "\"finish_reason\":null", StringComparison.Ordinal), FailureReason.StreamTruncated },
        { TestServer.Chat(0), FailureReason.NoOutput },
        { "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: {\"error\":{\"message\":\"cuda\"}}\n\n", FailureReason.StreamError },
        { "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: nonsense\n\n", FailureReason.MalformedStream },
        { "", FailureReason.StreamTruncated },
    };

    [Theory]
    [MemberData(nameof(BadStreams))]
    public async Task A_bad_stream_is_a_failure_with_its_reason(string stream, FailureReason reason)
    {
        await using TestServer server = await TestServer.StartAsync((c, n) => TestServer.StreamAsync(c, n % 2 == 0 ? stream : TestServer.Chat(4)));
        ThroughputMeasurement m = await MeasureAsync(server, Plan(8, 1) with { ServiceTargets = [new("gold", 1000, null)] });
        Assert.Equal((8, 4, 4), (m.Requests, m.Failed, m.Failures[reason.ToString()]));
        Assert.Equal((4, 4 * 3), (m.TtftSeconds.Count, m.ItlSeconds.Count));
        Assert.Equal((0.5, 8, 4), (m.GoodputRatio, m.GoodputByTier[0].Requests, m.GoodputByTier[0].Met));
        Assert.Equal(16 / m.DurationSeconds!.Value, m.OutputTokensPerSecond!.Value, 1e-6);
    }

    [Fact]
    public async Task A_refusal_is_counted_by_its_status_with_the_servers_words()
    {
        await using TestServer server = await TestServer.StartAsync(async (c, _) =>
        {
            c.Response.StatusCode = 429;
            await c.Response.WriteAsync("{\"error\":{\"message\":\"slow\\u001b[31m down\"}}");
        });
        ThroughputMeasurement m = await MeasureAsync(server);
        Assert.Equal(8, m.Failures["HttpStatus 429"]);
        Assert.Equal("slow [31m down", m.FailureExamples["HttpStatus 429"]);
    }

    [Fact]
    public async Task An_answer_that_is_not_streamed_is_a_failure()
    {
        await using TestServer server = await TestServer.StartAsync((c, _) => c.Response.WriteAsJsonAsync(new { choices = new[] { new { message = new { content = "a" } } } }));
        Assert.Equal(8, (await MeasureAsync(server)).Failures["NotStreamed"]);
    }

    [Fact]
    public async Task A_connection_that_breaks_and_one_that_hangs_are_failures()
    {
        await using TestServer server = await TestServer.StartAsync(async (c, n) =>
        {
            await TestServer.StreamAsync(c, "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n");
            if (n % 2 == 0)
            {
                c.Abort();
            }
            else
            {
                await Task.Delay(Timeout.Infinite, c.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            }
        });
        ThroughputMeasurement m = await MeasureAsync(server, Plan(4, 1) with { RequestTimeout = TimeSpan.FromSeconds(2) });
        Assert.Equal((4, 4), (m.Requests, m.Failed));
        Assert.Equal(2, m.Failures["Timeout"]);
        Assert.Equal(2, m.Failures.GetValueOrDefault("StreamTruncated") + m.Failures.GetValueOrDefault("ConnectionLost"));
    }

    [Fact]
    public async Task No_server_is_a_failure_and_a_warm_up_says_so_at_once()
    {
        TestServer gone = await TestServer.StreamingAsync("");
        Uri address = gone.Uri;
        await gone.DisposeAsync();
        await using var target = new ServerTarget(new ServerOptions { Uri = address, Model = "m" });
        using var runner = new LoadRunner(Plan(4) with { WarmupRequests = 1 }, target);
        TokenFactoryException e = await Assert.ThrowsAsync<TokenFactoryException>(() => runner.RunAsync(new RunDescription { Model = "m", Api = "chat", Load = "" }, null, CancellationToken.None));
        Assert.Equal("TargetUnavailable", e.ErrorId);
        Assert.Contains("ConnectionFailed", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_key_goes_into_the_header_and_nowhere_else()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("tf-secret-").FullName, "records.jsonl");
        await using TestServer server = await TestServer.StartAsync(async (c, n) =>
        {
            string sent = c.Request.Headers.Authorization.ToString();
            if (n % 2 == 0)
            {
                c.Response.StatusCode = 401;
                await c.Response.WriteAsync($"{{\"error\":{{\"message\":\"Incorrect API key provided: {sent}.\"}}}}");
            }
            else
            {
                await TestServer.StreamAsync(c, $"data: {{\"error\":{{\"message\":\"no such key {sent}\"}}}}\n\n");
            }
        });
        List<string> seen = [];
        using (var writer = new RecordWriter(path))
        {
            ServerOptions? used = null;
            ThroughputMeasurement m = await MeasureAsync(server, Plan(4, 1) with { Records = writer }, o => used = o with { ApiKey = new ApiKey(Key) });
            Assert.Equal(4, m.Failed);
            seen.Add(m.ToString());
            seen.Add(used!.ToString());
            seen.Add(JsonSerializer.Serialize(m));
            seen.Add(JsonSerializer.Serialize(used));
            Assert.All(server.Requests, r => Assert.Equal($"Bearer {Key}", r.Authorization));
            TokenFactoryException e = await Assert.ThrowsAsync<TokenFactoryException>(() => MeasureAsync(server, Plan(1) with { WarmupRequests = 2 }, _ => used));
            seen.Add(e.ToString());
        }

        seen.Add(File.ReadAllText(path));
        Assert.All(seen, text => Assert.DoesNotContain(Key, text, StringComparison.Ordinal));
        Assert.Contains("***", seen[^1], StringComparison.Ordinal);
        TokenFactoryException bad = Assert.Throws<TokenFactoryException>(() => new ApiKey(Key + "\r\nX: y"));
        Assert.DoesNotContain(Key, bad.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://user:pass@localhost:1", null, "UriHasCredentials")]
    [InlineData("ftp://localhost", null, "UriInvalid")]
    [InlineData("http://example.org", Key, "ApiKeyUnencrypted")]
    public void Addresses_that_would_leak_or_fail_are_refused(string uri, string? key, string id)
    {
        var options = new ServerOptions { Uri = new Uri(uri), Model = "m", ApiKey = key is null ? null : new ApiKey(key) };
        TokenFactoryException e = Assert.Throws<TokenFactoryException>(() => options.Resolve());
        Assert.Equal(id, e.ErrorId);
        Assert.DoesNotContain("pass", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Extra_fields_win_and_sessions_carry_the_answers()
    {
        await using TestServer server = await TestServer.StreamingAsync(TestServer.Chat(2));
        ThroughputMeasurement m = await MeasureAsync(
            server, Plan(3) with { Shape = new SessionLoad(1, 3, TimeSpan.Zero) },
            o => o with { ExtraBody = new Dictionary<string, string> { ["temperature"] = "0.5", ["max_tokens"] = "9" } });
        Assert.Equal(3, m.Requests);
        using var third = JsonDocument.Parse(server.Requests.Last().Body);
        Assert.Equal(9, third.RootElement.GetProperty("max_tokens").GetInt32());
        Assert.Equal(0.5, third.RootElement.GetProperty("temperature").GetDouble());
        Assert.Equal(["user", "assistant", "user", "assistant", "user"], third.RootElement.GetProperty("messages").EnumerateArray().Select(x => x.GetProperty("role").GetString()));
        Assert.Equal("w w ", third.RootElement.GetProperty("messages")[1].GetProperty("content").GetString());
    }

    [Fact]
    public async Task A_tokenizer_on_this_side_counts_beside_the_usage()
    {
        await using TestServer server = await TestServer.StreamingAsync(TestServer.Chat(4));
        ThroughputMeasurement m = await MeasureAsync(server, Plan(3), o => o with { CountTokens = t => t.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length + 100 });
        Assert.Equal((4.0, 104.0), (m.OutputTokens, m.ClientOutputTokens));
    }

    [Fact]
    public async Task Without_usage_the_fragments_count_and_that_is_said()
    {
        await using TestServer server = await TestServer.StreamingAsync("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n", "data: {\"choices\":[{\"delta\":{\"content\":\"b\"},\"finish_reason\":\"stop\"}]}\n\n", "data: [DONE]\n\n");
        ThroughputMeasurement m = await MeasureAsync(server);
        Assert.Equal((2.0, "fragments"), (m.OutputTokens, m.TokenCount));
        Assert.Null(m.TotalTokensPerSecond);
        Assert.Contains("TotalTokensPerSecond", m.Unavailable.Keys);
        Assert.Contains("InputTokens", m.Unavailable.Keys);
    }

    [Fact]
    public async Task Prompts_are_calibrated_to_the_servers_own_count()
    {
        TestServer? started = null;
        await using TestServer server = started = await TestServer.StartAsync((c, _) => TestServer.StreamAsync(c, TestServer.Chat(1, Tokens())));
        await using var target = new ServerTarget(new ServerOptions { Uri = server.Uri, Model = "m" });
        var writer = new WordPromptWriter();
        Assert.Equal(64, await PromptCalibration.RunAsync(target, writer, 64, 1, CancellationToken.None));
        Assert.Equal(17, writer.Overhead);
        Assert.Equal(2, server.Requests.Count);

        // A chat template of 17 tokens around words of one each. The fake has read the body before it answers.
        int Tokens() => JsonDocument.Parse(started!.Requests.Last().Body).RootElement.GetProperty("messages")[0].GetProperty("content").GetString()!
            .Split(' ', StringSplitOptions.RemoveEmptyEntries).Length + 17;
    }

    [Fact]
    public void Words_of_a_tokenizer_make_prompts_of_its_exact_length()
    {
        // Every letter is a token: no word fits, so the writer has to mend.
        var odd = new WordPromptWriter(t => t.Length);
        var half = new WordPromptWriter(t => Encoding.UTF8.GetByteCount(t) / 2);
        foreach (int length in new[] { 8, 33, 500 })
        {
            Assert.InRange(new WordPromptWriter(t => t.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length).WriteText(length, 1, 2).Split(' ').Length - 1, length, length);
            Assert.True(odd.WriteText(length, 1, 2).Length > 0 && half.WriteText(length, 1, 2).Length > 0);
        }
    }
}
