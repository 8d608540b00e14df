using TokenFactory.Benchmarks;
using TokenFactory.Benchmarks.Engine;
using TokenFactory.Inference.Onnx;

string wanted = args.FirstOrDefault() ?? "ratios";
if (wanted == "stream-server")
{
    await StreamServer.RunAsync();
    return 0;
}

// Each benchmark by name. "ratios" runs all that have a floor, the engine beside its peers first.
(string Name, bool IsRatio, Action<TextWriter> Run)[] benchmarks =
[
    ("engine", true, output =>
    {
        RatioBenchmark.Run(output);
        GrowingBenchmark.Run(output, ModelPrecision.Int4);
        BehaviourBenchmark.Run(output);
    }),
    ("import", true, ImportBenchmark.Run),
    ("hardware", true, output => HardwareBenchmark.Run(output)),
    ("client", true, ClientBenchmark.Run),
    ("planner", true, PlannerBenchmark.Run),
    ("tokenizer", true, TokenizerBenchmark.Run),
    ("engine-135M", false, output => RatioBenchmark.Run(output, small: true)),
    ("growing", false, output => GrowingBenchmark.Run(output, ModelPrecision.Fp32, ModelPrecision.Int4)),
    ("behaviour", false, BehaviourBenchmark.Run),
    ("loads", false, output => BehaviourBenchmark.ManyLoads(output, 1000)),
    ("device", false, DeviceBenchmark.Run),
    ("client-paced", false, ClientBenchmark.RunPaced),
    ("client-tls", false, ClientBenchmark.RunTls),
    ("client-stop", false, ClientBenchmark.RunStop),
    ("client-limit", false, ClientBenchmark.RunLimit),
    ("client-memory", false, ClientBenchmark.RunMemory),
    ("outlook", false, OutlookBenchmark.Run),
    ("hostile", false, HostileBenchmark.Run),
];

Console.OutputEncoding = System.Text.Encoding.UTF8;
(string Name, bool IsRatio, Action<TextWriter> Run)[] chosen = [.. benchmarks.Where(b => wanted switch { "ratios" => b.IsRatio, "all" => true, _ => b.Name == wanted })];
if (chosen.Length == 0)
{
    Console.Error.WriteLine($"There is no benchmark '{wanted}'. Choose one of: ratios, all, {string.Join(", ", benchmarks.Select(b => b.Name))}.");
    return 1;
}

foreach ((string name, _, Action<TextWriter> run) in chosen)
{
    Console.WriteLine($"== {name}");
    run(Console.Out);
}

return Environment.ExitCode;
