using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using TokenFactory.Benchmarks.Engine;
using TokenFactory.Inference.Onnx;
using TokenFactory.Measurement.Http;
using TokenFactory.Measurement.Prompts;
using Xunit;

namespace TokenFactory.Measurement.Tests.Peers;

/// <summary>llama.cpp's server with a small model of random weights, where <c>TOKENFACTORY_LLAMA_SERVER</c> or the PATH has its program.</summary>
public sealed class LlamaServer : IAsyncLifetime, IAsyncDisposable
{
    public const string Variable = "TOKENFACTORY_LLAMA_SERVER";
    public const string Key = "sk-for-the-tests-only";
    public const int ContextTokens = 512;

    private readonly string _folder = Directory.CreateTempSubdirectory("tokenfactory-llama-").FullName;
    private Process? _process;

    /// <summary>Options of a client; skips the test with the reason where there is no server.</summary>
    public ServerOptions Options
    {
        get
        {
            Assert.SkipWhen(_process is null, $"No llama-server is on the PATH, and {Variable} does not name one.");
            return new ServerOptions { Uri = Address!, Model = "random", ApiKey = new ApiKey(Key) };
        }
    }

    private Uri? Address { get; set; }

    public async ValueTask InitializeAsync()
    {
        if (Find() is not { } program)
        {
            return;
        }

        string model = Path.Combine(_folder, "random.gguf");
        var vocabulary = new GgufVocabulary(new WordPromptWriter().WriteText(5000, 1, 1).Split(' ', StringSplitOptions.RemoveEmptyEntries).Distinct());
        GgufWriter.Write(model, new DecoderShape
        {
            Hidden = 128, Layers = 2, Heads = 4, KvHeads = 2, HeadSize = 32, Intermediate = 256, Vocabulary = vocabulary.Count, Context = ContextTokens,
        }, vocabulary);
        int port = FreePort();
        Address = new Uri($"http://127.0.0.1:{port}");
        string[] arguments =
        [
            "-m", model, "--host", "127.0.0.1", "--port", port.ToString(CultureInfo.InvariantCulture), "--api-key", Key, "-np", "4", "-t", "2",
            "-c", (4 * ContextTokens).ToString(CultureInfo.InvariantCulture), "--log-disable",
        ];
        _process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        _process.OutputDataReceived += (_, _) => { };
        var errors = new System.Text.StringBuilder();
        _process.ErrorDataReceived += (_, e) => errors.AppendLine(e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        for (int i = 0; i < 240; i++)
        {
            Assert.False(_process.HasExited, $"{program} ended: {errors}");
            try
            {
                if ((await http.GetAsync(new Uri(Address, "health"))).IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
            {
                // It does not listen yet.
            }

            await Task.Delay(250);
        }

        Assert.Fail($"{program} did not become ready within a minute: {errors}");
    }

    /// <summary>Kills the process as an out-of-memory killer would.</summary>
    public void Kill() => _process?.Kill(entireProcessTree: true);

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
        {
            return File.Exists(named) ? named : throw new FileNotFoundException($"{Variable} names a file that is not there.", named);
        }

        string name = OperatingSystem.IsWindows() ? "llama-server.exe" : "llama-server";
        return (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(f => Path.Join(f, name)).FirstOrDefault(File.Exists);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
