using TokenFactory.Core;
using TokenFactory.Inference.Models;
using TokenFactory.Inference.Text;

namespace TokenFactory.Fuzz;

/// <summary>
/// Folders whose files are links out of them, or whose graph names a file outside. What is outside is well-formed, so that reading it would work: that it does not is what is tried.
/// </summary>
public sealed class LinkKind : IFuzzKind
{
    private readonly string _root;
    private readonly MadeFolders _folders;
    private readonly string _outside;

    private string _folder = "";
    private bool _allowed;
    private bool _forTokenizer;

    /// <summary>Writes the folders to copy from.</summary>
    public LinkKind(string root)
    {
        _root = root;
        _folders = new MadeFolders(Path.Combine(root, "bases"));
        _outside = Directory.CreateDirectory(Path.Combine(root, "outside")).FullName;
    }

    /// <inheritdoc/>
    public void Prepare(int number)
    {
        var random = new Random(number);
        string cache = Path.Combine(_root, "cache");
        if (Directory.Exists(cache))
        {
            Directory.Delete(cache, recursive: true);
        }

        (string source, string graph, string config) = _folders.Bases[number % _folders.Bases.Count];
        bool snapshot = random.Next(3) == 0;
        _folder = Directory.CreateDirectory(snapshot ? Path.Combine(cache, "models--a--b", "snapshots", "r1") : Path.Combine(cache, "model")).FullName;
        foreach (string file in Directory.GetFiles(source, "*", SearchOption.AllDirectories))
        {
            string to = Path.Combine(_folder, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to);
        }

        File.WriteAllText(Path.Combine(_folder, "tokenizer.json"), MadeTokenizers.All["wordlevel"]);
        File.WriteAllText(Path.Combine(_folder, "special_tokens_map.json"), "{}");
        File.WriteAllText(Path.Combine(_folder, "chat_template.jinja"), "{{ messages[0].content }}");
        string graphHere = Path.Combine(_folder, Path.GetRelativePath(source, graph));
        string data = MoveData(graphHere, random);
        string[] victims = [graphHere, data, Path.Combine(_folder, Path.GetFileName(config)), .. new[] { "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja" }.Select(n => Path.Combine(_folder, n))];
        (_allowed, _forTokenizer) = (false, false);
        if (random.Next(3) == 0)
        {
            NameOutside(graphHere, random);
            return;
        }

        int victim = random.Next(victims.Length);
        _forTokenizer = victim > 2;
        Link(victims[victim], snapshot ? Directory.CreateDirectory(Path.Combine(cache, "models--a--b", "blobs")).FullName : null, random);
    }

    /// <inheritdoc/>
    public string Run(Action running)
    {
        string? model = Refusal(() => ModelFolder.Open(_folder));
        string? tokenizer = Refusal(() => Tokenizer.Load(_folder));
        return (model is null) == _allowed && (tokenizer is null) == (_allowed || !_forTokenizer) ? model ?? "worked"
            : throw new InvalidOperationException($"links that should be {(_allowed ? "followed" : "refused")}: the model {model ?? "opened"}, the tokenizer {tokenizer ?? "opened"}");
    }

    private static string? Refusal(Action use)
    {
        try
        {
            use();
            return null;
        }
        catch (TokenFactoryException e)
        {
            return e.ErrorId;
        }
    }

    private void Link(string victim, string? blobs, Random random)
    {
        int form = random.Next(blobs is null ? 4 : 6);
        string target = Path.Combine(form >= 4 ? blobs! : _outside, $"{form}-{Path.GetFileName(victim)}");
        File.Move(victim, target, overwrite: true);
        switch (form)
        {
            case 0:
                File.CreateSymbolicLink(victim, target);
                break;
            case 1:
                File.CreateSymbolicLink(victim, Path.GetRelativePath(Path.GetDirectoryName(victim)!, target));
                break;
            case 2:
                string middle = Path.Combine(_folder, "middle");
                File.CreateSymbolicLink(middle, target);
                File.CreateSymbolicLink(victim, middle);
                break;
            case 3:
                string folder = Path.Combine(_folder, "folder");
                Directory.CreateSymbolicLink(folder, _outside);
                File.CreateSymbolicLink(victim, Path.Combine(folder, Path.GetFileName(target)));
                break;
            case 4:
                File.CreateSymbolicLink(victim, Path.GetRelativePath(Path.GetDirectoryName(victim)!, target));
                _allowed = true;
                break;
            default:
                string outside = Path.Combine(_outside, Path.GetFileName(target));
                File.Move(target, outside, overwrite: true);
                File.CreateSymbolicLink(target, outside);
                File.CreateSymbolicLink(victim, target);
                break;
        }
    }

    // The bytes of the largest weight go into a file beside the graph.
    private static string MoveData(string graph, Random random)
    {
        List<WireField> model = Wire.Parse(File.ReadAllBytes(graph));
        List<WireField> weight = model.Find(f => f.Number == 7)!.Children!.Where(f => f.Number == 5).Select(f => f.Children!).MaxBy(f => f.Find(c => c.Number == 9)?.Bytes?.Length ?? 0)!;
        string name = random.Next(2) == 0 ? "weights.bin" : Path.GetFileName(graph) + ".data2";
        string data = Path.Combine(Path.GetDirectoryName(graph)!, name);
        File.WriteAllBytes(data, weight.Find(f => f.Number == 9)!.Bytes!);
        weight.RemoveAll(f => f.Number == 9);
        weight.Add(WireField.Of(13, [WireField.Of(1, "location"), WireField.Of(2, name)]));
        weight.Add(WireField.Of(14, 1));
        File.WriteAllBytes(graph, Wire.Write(model));
        return data;
    }

    // The location names a file that is there, outside.
    private void NameOutside(string graph, Random random)
    {
        List<WireField> model = Wire.Parse(File.ReadAllBytes(graph));
        List<WireField> weight = model.Find(f => f.Number == 7)!.Children!.Where(f => f.Number == 5).Select(f => f.Children!).First(f => f.Exists(c => c is { Number: 14, Value: 1 }));
        WireField entry = weight.Find(f => f.Number == 13)!;
        string name = entry.Children!.Find(c => c.Number == 2)!.Text;
        string data = Path.Combine(Path.GetDirectoryName(graph)!, name);
        string above = Path.Combine(Path.GetDirectoryName(_folder)!, "outside.bin");
        File.Move(data, above, overwrite: true);
        string relative = Path.GetRelativePath(Path.GetDirectoryName(graph)!, above);
        string location = random.Next(4) switch
        {
            0 => above,
            1 => relative,
            2 => "./" + relative,
            _ => ExternalData.Outside[random.Next(ExternalData.Outside.Count)],
        };
        entry.Children[entry.Children.FindIndex(c => c.Number == 2)] = WireField.Of(2, location);
        if (random.Next(3) == 0)
        {
            // The same weight again, harmless: whoever looks at the last one alone misses the first.
            model.Find(f => f.Number == 7)!.Children!.Add(WireField.Of(5, [.. weight.Where(f => f.Number is not (13 or 14)).Select(f => f.Copy()), WireField.Of(9, File.ReadAllBytes(above))]));
        }

        File.WriteAllBytes(graph, Wire.Write(model));
    }
}
