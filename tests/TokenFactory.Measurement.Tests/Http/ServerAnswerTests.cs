using System.Text;
using TokenFactory.Measurement.Http;
using TokenFactory.Measurement.Load;
using TokenFactory.Measurement.Tests.Fakes;
using Xunit;

namespace TokenFactory.Measurement.Tests.Http;

/// <summary>What the client makes of whole answers: streams of real servers to their end, and the refusals that stand in their place.</summary>
public sealed class ServerAnswerTests
{
    public static TheoryData<string> Streams() => StreamFixture.Names();

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task A_stream_of_a_real_server_succeeds_or_fails_as_a_whole(string file)
    {
        StreamFixture fixture = StreamFixture.Read(file);
        await using TestServer server = await TestServer.StreamingAsync(fixture.Body);
        RequestTrace trace = await SendAsync(server, o => o with { Api = fixture.Api == "chat" ? ServerApi.Chat : ServerApi.Completions });
        Assert.Equal(fixture.Failure, trace.Failure?.Reason);
        Assert.Contains(fixture.Says, trace.Failure?.Message ?? "", StringComparison.Ordinal);
        fixture.AssertCounts(trace);
        Assert.True(trace.EndTimestamp >= trace.SentTimestamp);
    }

    // vLLM, SGLang: JSON of their own shapes; llama.cpp: 503 while the model loads; LiteLLM and OpenAI: 429 with Retry-After; proxies: HTML.
    [Theory]
    [InlineData(404, "application/json", "{\"object\":\"error\",\"message\":\"The model `x` does not exist.\",\"type\":\"NotFoundError\",\"code\":404}", "", "HttpStatus 404", "The model `x` does not exist.")]
    [InlineData(404, "application/json", "{\"error\":{\"message\":\"The model `x` does not exist.\",\"type\":\"NotFoundError\",\"param\":\"model\",\"code\":404}}", "", "HttpStatus 404", "The model `x` does not exist.")]
    [InlineData(422, "application/json", "{\"detail\":[{\"loc\":[\"body\",\"messages\"],\"msg\":\"Field required\"}]}", "", "HttpStatus 422", "Field required")]
    [InlineData(503, "application/json; charset=utf-8", "{\"error\":{\"message\":\"Loading model\",\"type\":\"unavailable_error\",\"code\":503}}", "", "HttpStatus 503", "Loading model")]
    [InlineData(429, "application/json", "{\"error\":{\"message\":\"Rate limit reached\"}}", "7", "HttpStatus 429", "Rate limit reached (retry after 7 s)")]
    [InlineData(503, "text/plain", "", "Wed, 21 Oct 2026 07:28:00 GMT", "HttpStatus 503", "(retry after 2026-10-21 07:28:00Z)")]
    [InlineData(307, "application/json", "{}", "", "HttpStatus 307", "The server sends the request elsewhere, which is not followed, so that a key goes nowhere else: give that address as -Uri.")]
    [InlineData(502, "text/html", "<html>Bad Gateway</html>", "", "HttpStatus 502", "<html>Bad Gateway</html>")]
    [InlineData(502, "text/html", "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>nginx</body></html>", "", "HttpStatus 502", "502 Bad Gateway")]
    [InlineData(200, "application/json", "{\"error\":{\"message\":\"stream is not supported\"}}", "", "NotStreamed", "stream is not supported")]
    [InlineData(200, "application/json", "{\"error\":\"stream is not supported\"}", "", "NotStreamed", "stream is not supported")]
    [InlineData(200, "application/json", "{\"choices\":[{\"message\":{\"content\":\"a\"}}]}", "", "NotStreamed", "no stream of events.")]
    [InlineData(200, "text/html", "<html>Sign in</html>", "", "NotStreamed", "text/html")]
    [InlineData(200, "text/event-stream", "{\"error\":{\"message\":\"worker lost\"}}", "", "StreamError", "worker lost")]
    [InlineData(204, "", "", "", "StreamTruncated", "without a finish reason")]
    public async Task An_answer_that_is_no_stream_fails_with_the_servers_words(int status, string type, string body, string retryAfter, string key, string says)
    {
        await using TestServer server = await TestServer.StartAsync(async (c, _) =>
        {
            c.Response.StatusCode = status;
            if (type.Length > 0)
            {
                c.Response.ContentType = type;
            }

            if (retryAfter.Length > 0)
            {
                c.Response.Headers.RetryAfter = retryAfter;
            }

            await c.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(body));
        });
        RequestTrace trace = await SendAsync(server);
        Assert.Equal(key, trace.Failure!.Key);
        Assert.Contains(says, trace.Failure.Message, StringComparison.Ordinal);
        Assert.Equal(0, trace.FragmentCount);
        Assert.DoesNotContain("<head>", trace.Failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("plain.openai.azure.com", "0123abcd", "api-key", "0123abcd")]
    [InlineData("plain.services.ai.azure.com", "0123abcd", "api-key", "0123abcd")]
    [InlineData("plain.openai.azure.com", "eyJh.eyJi.c2ln", "Authorization", "Bearer eyJh.eyJi.c2ln")]
    [InlineData("api.example.org", "0123abcd", "Authorization", "Bearer 0123abcd")]
    [InlineData("openai.azure.com.example.org", "0123abcd", "Authorization", "Bearer 0123abcd")]
    public void A_key_goes_into_the_header_that_its_host_reads(string host, string key, string header, string value) =>
        Assert.Equal((header, value), new ApiKey(key).Header(new Uri($"https://{host}/openai/v1/chat/completions")));

    private static async Task<RequestTrace> SendAsync(TestServer server, Func<ServerOptions, ServerOptions>? change = null)
    {
        ServerOptions options = new() { Uri = server.Uri, Model = "demo" };
        await using var target = new ServerTarget(change?.Invoke(options) ?? options);
        var trace = new RequestTrace();
        await target.SendAsync(new LoadRequest { Text = "hi", OutputTokens = 8 }, trace, TestContext.Current.CancellationToken);
        return trace;
    }
}
