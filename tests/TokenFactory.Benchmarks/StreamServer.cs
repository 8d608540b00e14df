using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace TokenFactory.Benchmarks;

/// <summary>A server in a process of its own that streams fragments at known times, for the client to be measured against.</summary>
/// <remarks>The model's name says how: <c>fast</c> flushes fragments one after the other; <c>timed-T-P</c> waits T ms before the first and P ms between.</remarks>
internal static class StreamServer
{
    /// <summary>An event with one fragment.</summary>
    public static readonly byte[] Fragment = Encoding.UTF8.GetBytes("data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" token\"},\"finish_reason\":null}]}\n\n");

    private static readonly StreamTimings s_timings = new();

    /// <summary>Serves until its input closes, which is when the parent ends.</summary>
    public static async Task RunAsync()
    {
        using var lean = new LeanStreamServer(s_timings);
        using X509Certificate2 certificate = Certificate();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k =>
        {
            k.Listen(IPAddress.Loopback, 0);
            k.Listen(IPAddress.Loopback, 0, l => l.Run(lean.ServeAsync));
            k.Listen(IPAddress.Loopback, 0, l => l.Protocols = HttpProtocols.Http2);
            k.Listen(IPAddress.Loopback, 0, l =>
            {
                l.Protocols = HttpProtocols.Http1;
                l.UseHttps(certificate);
            });
            k.Limits.MaxConcurrentConnections = null;
        });
        builder.WebHost.UseSockets(s => s.Backlog = 8192);
        await using WebApplication app = builder.Build();
        app.Run(AnswerAsync);
        await app.StartAsync();
        Console.WriteLine(string.Join(' ', app.Urls));
        await Console.In.ReadToEndAsync();
    }

    // Signed by itself, for as long as this process lives.
    private static X509Certificate2 Certificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using X509Certificate2 made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
    }

    /// <summary>The events at the end of a stream.</summary>
    public static byte[] End(int tokens) => Encoding.UTF8.GetBytes(FormattableString.Invariant(
        $"data: {{\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"length\"}}],\"usage\":{{\"prompt_tokens\":8,\"completion_tokens\":{tokens}}}}}\n\ndata: [DONE]\n\n"));

    /// <summary>What a model's name says of its timing, ms.</summary>
    public static (int First, int Between) Timing(string model) =>
        model.Split('-') is ["timed", { } first, { } between] ? (int.Parse(first, CultureInfo.InvariantCulture), int.Parse(between, CultureInfo.InvariantCulture)) : (0, 0);

    private static async Task AnswerAsync(HttpContext context)
    {
        if (HttpMethods.IsGet(context.Request.Method))
        {
            await context.Response.BodyWriter.WriteAsync(s_timings.Take());
            return;
        }

        long start = Stopwatch.GetTimestamp();
        (string model, int tokens) = await ReadAsync(context.Request);
        (int first, int between) = Timing(model);
        context.Response.ContentType = "text/event-stream";
        long firstAt = 0;
        long lastAt = 0;
        for (int i = 0; i < tokens; i++)
        {
            int wait = i == 0 ? first : between;
            if (wait > 0)
            {
                await Task.Delay(wait);
            }

            lastAt = Stopwatch.GetTimestamp();
            firstAt = i == 0 ? lastAt : firstAt;
            await context.Response.BodyWriter.WriteAsync(Fragment);
        }

        if (between > 0)
        {
            s_timings.Add(start, firstAt, lastAt, tokens);
        }

        await context.Response.BodyWriter.WriteAsync(End(tokens));
    }

    private static async Task<(string Model, int Tokens)> ReadAsync(HttpRequest request)
    {
        using JsonDocument body = await JsonDocument.ParseAsync(request.Body);
        return (body.RootElement.GetProperty("model").GetString()!, body.RootElement.GetProperty("max_tokens").GetInt32());
    }
}
