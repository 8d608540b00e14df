using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace TokenFactory.Measurement.Tests.Fakes;

/// <summary>A server in this process that answers every request as a test says.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestServer(WebApplication app) => _app = app;

    public Uri Uri => new(_app.Urls.First());

    public ConcurrentQueue<(string Path, string Body, string Authorization, string Protocol)> Requests { get; } = [];

    public static async Task<TestServer> StartAsync(Func<HttpContext, int, Task> answer, HttpProtocols protocols = HttpProtocols.Http1, X509Certificate2? certificate = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0, l =>
        {
            l.Protocols = protocols;
            if (certificate is not null)
            {
                l.UseHttps(certificate);
            }
        }));
        builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromMilliseconds(100));
        var server = new TestServer(builder.Build());
        int number = -1;
        server._app.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            string body = await reader.ReadToEndAsync();
            server.Requests.Enqueue((context.Request.Path, body, context.Request.Headers.Authorization.ToString(), context.Request.Protocol));
            await answer(context, Interlocked.Increment(ref number));
        });
        await server._app.StartAsync();
        return server;
    }

    /// <summary>A server that always sends the same stream, in pieces that are flushed one by one.</summary>
    public static Task<TestServer> StreamingAsync(params string[] pieces) => StartAsync((context, _) => StreamAsync(context, pieces));

    public static async Task StreamAsync(HttpContext context, params string[] pieces)
    {
        context.Response.ContentType = "text/event-stream";
        foreach (string piece in pieces)
        {
            await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(piece));
            await context.Response.Body.FlushAsync();
        }
    }

    /// <summary>A chat stream of so many fragments with usage.</summary>
    public static string Chat(int fragments, int inputTokens = 10) =>
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n"
        + string.Concat(Enumerable.Repeat("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"w \"},\"finish_reason\":null}]}\n\n", fragments))
        + "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}]}\n\n"
        + FormattableString.Invariant($"data: {{\"choices\":[],\"usage\":{{\"prompt_tokens\":{inputTokens},\"completion_tokens\":{fragments}}}}}\n\n")
        + "data: [DONE]\n\n";

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
