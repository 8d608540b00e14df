using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace TokenFactory.Benchmarks;

/// <summary>A server in a process of its own that streams fragments at known times, for the client to be measured against.</summary>
/// <remarks>The model's name says how: <c>fast</c> flushes fragments one after the other; <c>timed-T-P</c> waits T ms before the first and P ms between.</remarks>
internal static class StreamServer
{
    private static readonly byte[] s_fragment = Encoding.UTF8.GetBytes("data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" token\"},\"finish_reason\":null}]}\n\n");
    private static readonly ConcurrentQueue<(double Ttft, double Tpot)> s_served = new();

    /// <summary>Serves until its input closes, which is when the parent ends.</summary>
    public static async Task RunAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k =>
        {
            k.Listen(IPAddress.Loopback, 0);
            k.Limits.MaxConcurrentConnections = null;
        });
        builder.WebHost.UseSockets(s => s.Backlog = 8192);
        await using WebApplication app = builder.Build();
        app.Run(AnswerAsync);
        await app.StartAsync();
        Console.WriteLine(app.Urls.First());
        await Console.In.ReadToEndAsync();
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        if (HttpMethods.IsGet(context.Request.Method))
        {
            (double Ttft, double Tpot)[] served = [.. s_served];
            s_served.Clear();
            await context.Response.WriteAsync(JsonSerializer.Serialize(new { ttft = served.Select(s => s.Ttft), tpot = served.Select(s => s.Tpot) }));
            return;
        }

        long start = Stopwatch.GetTimestamp();
        (string model, int tokens) = await ReadAsync(context.Request);
        string[] timing = model.Split('-');
        int first = timing.Length > 2 ? int.Parse(timing[1], CultureInfo.InvariantCulture) : 0;
        int between = timing.Length > 2 ? int.Parse(timing[2], CultureInfo.InvariantCulture) : 0;
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
            await context.Response.BodyWriter.WriteAsync(s_fragment);
        }

        if (timing.Length > 2)
        {
            s_served.Enqueue((Stopwatch.GetElapsedTime(start, firstAt).TotalSeconds, Stopwatch.GetElapsedTime(firstAt, lastAt).TotalSeconds / Math.Max(1, tokens - 1)));
        }

        await context.Response.BodyWriter.WriteAsync(Encoding.UTF8.GetBytes(FormattableString.Invariant(
            $"data: {{\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"length\"}}],\"usage\":{{\"prompt_tokens\":8,\"completion_tokens\":{tokens}}}}}\n\ndata: [DONE]\n\n")));
    }

    private static async Task<(string Model, int Tokens)> ReadAsync(HttpRequest request)
    {
        using JsonDocument body = await JsonDocument.ParseAsync(request.Body);
        return (body.RootElement.GetProperty("model").GetString()!, body.RootElement.GetProperty("max_tokens").GetInt32());
    }
}
