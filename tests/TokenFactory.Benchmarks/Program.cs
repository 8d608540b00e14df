using TokenFactory.Benchmarks;

switch (args.FirstOrDefault() ?? "ratios")
{
    case "stream-server":
        await StreamServer.RunAsync();
        return 0;
    case "client":
        ClientBenchmark.Run(Console.Out);
        return 0;
    case "client-memory":
        ClientBenchmark.RunMemory(Console.Out);
        return 0;
    case "import":
        ImportBenchmark.Run(Console.Out);
        return 0;
    case "hardware":
        HardwareBenchmark.Run(Console.Out);
        return 0;
    case "planner":
        PlannerBenchmark.Run(Console.Out);
        return 0;
    case "tokenizer":
        TokenizerBenchmark.Run(Console.Out);
        return 0;
    case "ratios":
        ImportBenchmark.Run(Console.Out);
        HardwareBenchmark.Run(Console.Out);
        ClientBenchmark.Run(Console.Out);
        PlannerBenchmark.Run(Console.Out);
        TokenizerBenchmark.Run(Console.Out);
        return 0;
    default:
        Console.Error.WriteLine("Benchmarks: client, client-memory, hardware, import, planner, tokenizer, ratios (all).");
        return 1;
}
