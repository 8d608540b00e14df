using TokenFactory.Core.Catalog;
using TokenFactory.Core.Definitions.Reading;

namespace TokenFactory.Core.Definitions;

/// <summary>Reads factory definitions: strictly, and with every mistake at once.</summary>
public static class FactoryReader
{
    /// <summary>Reads a definition from its text.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="path">Full path of the file that it is from; null when there is none.</param>
    /// <param name="options">Overlays, settings and the catalog; null for none.</param>
    /// <exception cref="DefinitionException">It has mistakes: all of them, with their places.</exception>
    public static FactoryDefinition Read(string yaml, string? path = null, FactoryReaderOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(yaml);
        return Read(new SourceText(Name(path), yaml), [], path, options ?? new FactoryReaderOptions());
    }

    /// <summary>Reads a definition from a file in UTF-8.</summary>
    /// <param name="path">Full path of the file.</param>
    /// <param name="options">Overlays, settings and the catalog; null for none.</param>
    /// <exception cref="DefinitionException">It has mistakes: all of them, with their places.</exception>
    /// <exception cref="TokenFactoryException"><c>DefinitionNotFound</c>: there is no such file.</exception>
    public static FactoryDefinition ReadFile(string path, FactoryReaderOptions? options = null)
    {
        List<DefinitionProblem> problems = [];
        SourceText? text = SourceText.Decode(Name(path), ReadBytes(path), problems);
        return Read(text, problems, path, options ?? new FactoryReaderOptions());
    }

    /// <summary>Finds the mistakes of a text without making a definition of it.</summary>
    internal static IReadOnlyList<DefinitionProblem> Check(string yaml, FactoryReaderOptions? options = null)
    {
        try
        {
            Read(yaml, null, options);
            return [];
        }
        catch (DefinitionException e)
        {
            return e.Problems;
        }
    }

    internal static byte[] ReadBytes(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            if (stream.Length > SourceText.MaxBytes)
            {
                throw new DefinitionException(Name(path), [new DefinitionProblem(Name(path), 1, 1, "",
                    $"has {stream.Length} bytes; a definition has at most {SourceText.MaxBytes}", "", DefinitionProblemKind.Syntax)]);
            }

            using MemoryStream copy = new();
            stream.CopyTo(copy);
            return copy.ToArray();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new TokenFactoryException("DefinitionNotFound", FailureKind.NotFound,
                $"There is no file '{path}'. Give the path of a factory definition, or write a first one with New-TokenFactory.", path, e);
        }
    }

    private static string Name(string? path) => path is null ? "definition" : Path.GetFileName(path);

    private static FactoryDefinition Read(SourceText? text, List<DefinitionProblem> problems, string? path, FactoryReaderOptions options)
    {
        string name = text?.Name ?? Name(path);
        Node? node = text is null ? null : NodeReader.Read(text, problems);
        if (node is null)
        {
            throw new DefinitionException(name, problems);
        }

        // Each text is held to the shape by itself, so that what a later one replaces is right too; the whole is read after that.
        List<Node> layers = [node];
        foreach (string overlay in options.OverlayPaths)
        {
            if (SourceText.Decode(Name(overlay), ReadBytes(overlay), problems) is { } laid && NodeReader.Read(laid, problems) is { } layer)
            {
                layers.Add(layer);
                node = NodeMerge.Merge(node, layer);
            }
        }

        foreach (string setting in options.Set)
        {
            node = NodeSetting.Apply(node, setting, problems);
        }

        string currency = (node as MappingNode)?["currency"] is ScalarNode { Text.Length: 3 } code ? code.Text : "USD";
        foreach (Node layer in layers.Where(_ => layers.Count > 1 || options.Set.Count > 0))
        {
            string own = (layer as MappingNode)?["currency"] is ScalarNode { Text.Length: 3 } said ? said.Text : currency;
            _ = new ShapeReader(problems, own, requireKeys: false).Read(layer, FactoryShape.Root, "");
        }

        var root = new ShapeReader(problems, currency).Read(node, FactoryShape.Root, "") as RecordValue;
        FigureCatalog catalog = options.Catalog ?? FigureCatalog.Load();
        if (root is not null)
        {
            catalog = FigureCatalog.Bind(new RecordValue(CatalogShape.File, root.Node, "", root.Fields), FigureSource.Declared).Over(catalog);
            new DefinitionChecks(problems, catalog).Check(root);
        }

        DefinitionProblem[] distinct = [.. problems.DistinctBy(p => (p.File, p.Line, p.Column, p.Message)).OrderBy(p => p.File == name ? 0 : 1)
            .ThenBy(p => p.File, StringComparer.Ordinal).ThenBy(p => p.Line).ThenBy(p => p.Column)];
        return distinct.Length == 0 && root is not null
            ? new DefinitionBinder(catalog).Factory(root, currency, path)
            : throw new DefinitionException(name, distinct);
    }
}
