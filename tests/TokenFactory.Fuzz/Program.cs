using System.Diagnostics;
using System.Globalization;
using TokenFactory.Fuzz;

// models COUNT [FIRST]: opens COUNT mutated folders here.  sessions COUNT [FIRST]: loads in child processes what opening let pass.
// raw COUNT [FIRST]: loads all, unchecked, to see what ONNX Runtime does with them.  child, rawchild COUNT FIRST: the children.
const long MemoryLimit = 3L << 30;
int first = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 0;
int count = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 0;
string root = Directory.CreateTempSubdirectory("tokenfactory-fuzz-").FullName;
try
{
    switch (args.FirstOrDefault())
    {
        case "models":
            return OpenAll();
        case "sessions":
            return Sessions("child");
        case "raw":
            return Sessions("rawchild");
        case "child":
            return Child(isChecked: true);
        case "rawchild":
            return Child(isChecked: false);
        default:
            Console.Error.WriteLine("models COUNT [FIRST] | sessions COUNT [FIRST] | raw COUNT [FIRST]");
            return 2;
    }
}
finally
{
    Directory.Delete(root, recursive: true);
}

int OpenAll()
{
    var mutations = new ModelMutations(root);
    SortedDictionary<string, int> outcomes = new(StringComparer.Ordinal);
    double slowest = 0;
    long most = 0;
    int crashes = 0;
    for (int number = first; number < first + count; number++)
    {
        string folder = mutations.Make(number, graphOnly: false);
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        var clock = Stopwatch.StartNew();
        string outcome;
        try
        {
            outcome = ModelCase.Open(folder).ErrorId ?? "opened";
        }
        catch (Exception e)
        {
            outcome = $"UNEXPECTED {e.GetType().Name} at {number}: {e.Message} {e.StackTrace?.Split('\n').FirstOrDefault()}";
            crashes++;
        }

        slowest = Math.Max(slowest, clock.Elapsed.TotalSeconds);
        most = Math.Max(most, GC.GetAllocatedBytesForCurrentThread() - allocated);
        outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
    }

    foreach ((string outcome, int times) in outcomes)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{times,8} {outcome}"));
    }

    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"slowest {slowest:0.000} s, most memory allocated {most / 1e6:0.0} MB"));
    return crashes == 0 ? 0 : 1;
}

int Sessions(string mode)
{
    int next = first, crashes = 0;
    Dictionary<string, int> outcomes = [];
    while (next < first + count)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        string dll = typeof(ModelCase).Assembly.Location;
        foreach (string argument in (string[])[.. Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet" ? new[] { dll } : [], mode, (first + count - next).ToString(CultureInfo.InvariantCulture), next.ToString(CultureInfo.InvariantCulture)])
        {
            start.ArgumentList.Add(argument);
        }

        using Process child = Process.Start(start)!;
        child.ErrorDataReceived += (_, _) => { };
        child.BeginErrorReadLine();
        int current = -1;
        string? line;
        while ((line = ReadLine(child)) is not null)
        {
            if (line.StartsWith('#'))
            {
                current = int.Parse(line[1..], CultureInfo.InvariantCulture);
            }
            else if (current >= 0)
            {
                string outcome = line.Split('\t')[0];
                outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
                next = current + 1;
                current = -1;
            }
        }

        child.WaitForExit();
        if (current >= 0)
        {
            Console.WriteLine($"CRASH {current}: exit {child.ExitCode}");
            crashes++;
            next = current + 1;
        }
        else if (child.ExitCode != 0)
        {
            Console.WriteLine($"child ended with {child.ExitCode} before a case");
            return 1;
        }
    }

    foreach ((string outcome, int times) in outcomes.OrderBy(o => o.Key, StringComparer.Ordinal))
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{times,8} {outcome}"));
    }

    Console.WriteLine($"{crashes} crashes of {count}");
    return crashes == 0 ? 0 : 1;
}

// A child that says nothing for half a minute hangs.
static string? ReadLine(Process child)
{
    Task<string?> line = child.StandardOutput.ReadLineAsync();
    if (line.Wait(TimeSpan.FromSeconds(30)))
    {
        return line.Result;
    }

    child.Kill();
    return line.Result;
}

int Child(bool isChecked)
{
    var watchdog = new Thread(() =>
    {
        while (true)
        {
            Thread.Sleep(50);
            if (Environment.WorkingSet > MemoryLimit)
            {
                Environment.FailFast("memory");
            }
        }
    })
    { IsBackground = true };
    watchdog.Start();
    var mutations = new ModelMutations(root);
    for (int number = first; number < first + count; number++)
    {
        Console.WriteLine($"#{number}");
        Console.Out.Flush();
        if (!isChecked)
        {
            string? raw = ModelCase.LoadUnchecked(mutations.Graph(mutations.Make(number, graphOnly: true)));
            Console.WriteLine(raw is null ? "loaded" : "refused");
            Console.Out.Flush();
            continue;
        }

        (string? error, TokenFactory.Inference.Models.DecoderGraph? graph) = ModelCase.Open(mutations.Make(number, graphOnly: true));
        string? refusal = graph is null ? null : ModelCase.Load(graph);
        Console.WriteLine(graph is null ? error : refusal is null ? "ran" : $"refused\t{refusal.ReplaceLineEndings(" ")}");
        Console.Out.Flush();
    }

    return 0;
}
