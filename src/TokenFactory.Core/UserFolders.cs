namespace TokenFactory.Core;

/// <summary>Where this user's files go, by each system's custom; an environment variable overrides each.</summary>
/// <remarks>The load-context handler compiles this file too, for itself: it must find installed providers before any dependency is loaded.</remarks>
#if LOAD_CONTEXT_HANDLER
internal static class UserFolders
#else
public static class UserFolders
#endif
{
    private const string Product = "TokenFactory.Tools";

    /// <summary>What can be made again: synthetic models. <c>TOKENFACTORY_CACHE</c> overrides.</summary>
    public static string Cache => Overridden("TOKENFACTORY_CACHE")
        ?? (OperatingSystem.IsWindows() ? Path.Join(Special(Environment.SpecialFolder.LocalApplicationData), Product, "Cache")
            : OperatingSystem.IsMacOS() ? Path.Join(Home, "Library", "Caches", Product)
            : Path.Join(Absolute("XDG_CACHE_HOME") ?? Path.Join(Home, ".cache"), Product));

    /// <summary>What the user wrote: catalog entries of her own. <c>TOKENFACTORY_CONFIG</c> overrides.</summary>
    public static string Config => Overridden("TOKENFACTORY_CONFIG")
        ?? (OperatingSystem.IsWindows() ? Path.Join(Special(Environment.SpecialFolder.ApplicationData), Product)
            : OperatingSystem.IsMacOS() ? Path.Join(Home, "Library", "Application Support", Product)
            : Path.Join(Absolute("XDG_CONFIG_HOME") ?? Path.Join(Home, ".config"), Product));

    /// <summary>What was installed: execution providers. <c>TOKENFACTORY_DATA</c> overrides.</summary>
    public static string Data => Overridden("TOKENFACTORY_DATA")
        ?? (OperatingSystem.IsWindows() ? Path.Join(Special(Environment.SpecialFolder.LocalApplicationData), Product)
            : OperatingSystem.IsMacOS() ? Path.Join(Home, "Library", "Application Support", Product)
            : Path.Join(Absolute("XDG_DATA_HOME") ?? Path.Join(Home, ".local", "share"), Product));

    /// <summary>The folder that holds one folder for each installed execution provider.</summary>
    public static string Providers => Path.Join(Data, "providers");

    /// <summary>The folder of native libraries to load ONNX Runtime from; null for the one that the module carries.</summary>
    /// <remarks>
    /// The environment variable <c>TOKENFACTORY_PROVIDER_PATH</c> wins; else the folder that the file <c>active</c> in
    /// <see cref="Providers"/> names, as long as it exists there.
    /// </remarks>
    public static string? ActiveProvider
    {
        get
        {
            if (Environment.GetEnvironmentVariable("TOKENFACTORY_PROVIDER_PATH") is { Length: > 0 } named)
            {
                return Path.IsPathFullyQualified(named) ? named : null;
            }

            try
            {
                string name = File.ReadAllText(Path.Join(Providers, "active")).Trim();
                string folder = Path.Join(Providers, name);
                return name.Length > 0 && name == Path.GetFileName(name) && Directory.Exists(folder) ? folder : null;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }
    }

    private static string Home => Special(Environment.SpecialFolder.UserProfile);

    private static string Special(Environment.SpecialFolder folder) =>
        Environment.GetFolderPath(folder, Environment.SpecialFolderOption.DoNotVerify);

    private static string? Overridden(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } path ? Path.GetFullPath(path) : null;

    // The XDG rules: a relative path is ignored.
    private static string? Absolute(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } path && Path.IsPathFullyQualified(path) ? path : null;
}
