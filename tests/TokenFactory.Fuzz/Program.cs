using System.Globalization;
using TokenFactory.Fuzz;

// run COUNT [KIND [FIRST [WORKERS]]]: cases in child processes, each watched from outside.  case KIND NUMBER FOLDER: one case, here, its files kept.
// worker KIND FIRST COUNT: a child.
static int Number(string[] args, int index, int otherwise) => args.Length > index ? int.Parse(args[index], CultureInfo.InvariantCulture) : otherwise;

switch (args.FirstOrDefault())
{
    case "run":
        string? only = args.Length > 2 && args[2] != "all" ? args[2] : null;
        return FuzzRun.Run(Console.Out, Number(args, 1, 1000), Number(args, 4, 1), only, Number(args, 3, 0)) ? 0 : 1;
    case "case" when args.Length > 3:
        IFuzzKind kind = FuzzKinds.Create(args[1], Directory.CreateDirectory(args[3]).FullName);
        kind.Prepare(Number(args, 2, 0));
        Console.WriteLine(kind.Run(() => { }));
        return 0;
    case "worker" when args.Length > 3:
        string root = Directory.CreateTempSubdirectory("tokenfactory-fuzz-").FullName;
        try
        {
            return FuzzWorker.Run(args[1], Number(args, 2, 0), Number(args, 3, 0), root);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }

    default:
        Console.Error.WriteLine($"run COUNT [KIND|all [FIRST [WORKERS]]] | case KIND NUMBER FOLDER\nkinds: {string.Join(", ", FuzzKinds.All.Select(k => k.Name))}");
        return 2;
}
