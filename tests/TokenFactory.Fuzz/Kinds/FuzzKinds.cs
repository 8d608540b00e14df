namespace TokenFactory.Fuzz;

/// <summary>The kinds of cases with their shares of a whole run.</summary>
public static class FuzzKinds
{
    /// <summary>Name, cases of each hundred, and what makes it in an empty folder. A kind with no share runs only when it is named.</summary>
    public static IReadOnlyList<(string Name, int Share, Func<string, IFuzzKind> Create)> All { get; } =
    [
        ("tokenizer", 22, _ => new TokenizerKind()),
        ("settings", 10, root => new SettingsKind(root)),
        ("template", 12, _ => new TemplateKind()),
        ("config", 12, root => new FolderKind(root, FolderMutation.Config)),
        ("graph bytes", 16, root => new FolderKind(root, FolderMutation.GraphBytes)),
        ("graph meaning", 25, root => new FolderKind(root, FolderMutation.GraphMeaning)),
        ("links", 3, root => new LinkKind(root)),
        ("unchecked", 0, root => new UncheckedKind(root)),
    ];

    /// <summary>Makes a kind by its name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="root">An empty folder for its files.</param>
    public static IFuzzKind Create(string name, string root) => All.First(k => k.Name == name).Create(root);
}
