using System.Text.Json;
using TokenFactory.Core;

namespace TokenFactory.Inference.Providers;

/// <summary>The per-user folder of installed providers.</summary>
internal static class ProviderFolder
{
    private const string ActiveFile = "active";
    private const string ManifestFile = "provider.json";

    /// <summary>What was installed, in the order of names.</summary>
    public static IReadOnlyList<InstalledProvider> Installed()
    {
        if (!Directory.Exists(UserFolders.Providers))
        {
            return [];
        }

        List<InstalledProvider> installed = [];
        foreach (string folder in Directory.EnumerateDirectories(UserFolders.Providers).Order(StringComparer.Ordinal))
        {
            try
            {
                string manifest = Path.Join(folder, ManifestFile);
                if (File.Exists(manifest) && JsonSerializer.Deserialize<InstalledProvider>(File.ReadAllBytes(manifest)) is { } found)
                {
                    installed.Add(found with { Path = folder });
                }
            }
            catch (JsonException)
            {
                // A folder that somebody else wrote: not ours to judge.
            }
        }

        return installed;
    }

    /// <summary>Puts a staged folder in its place and makes it the active one.</summary>
    /// <param name="staged">The folder with all files, beside its future place.</param>
    /// <param name="provider">What it is.</param>
    /// <returns>The folder's place.</returns>
    public static string Commit(string staged, InstalledProvider provider)
    {
        File.WriteAllBytes(Path.Join(staged, ManifestFile), JsonSerializer.SerializeToUtf8Bytes(provider));
        string name = $"{provider.Provider}-{provider.Version}".ToLowerInvariant();
        string place = Path.Join(UserFolders.Providers, name);
        if (Directory.Exists(place))
        {
            Directory.Delete(place, recursive: true);
        }

        Directory.Move(staged, place);
        WriteActive(name);
        return place;
    }

    /// <summary>Removes an installed provider; the module's own libraries are used from the next session on.</summary>
    /// <param name="provider">The installed provider.</param>
    /// <exception cref="ProviderException"><c>ProviderInUse</c>.</exception>
    public static void Remove(InstalledProvider provider)
    {
        try
        {
            bool active = UserFolders.ActiveProvider == provider.Path;
            Directory.Delete(provider.Path, recursive: true);
            if (active)
            {
                File.Delete(Path.Join(UserFolders.Providers, ActiveFile));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ProviderException("ProviderInUse", FailureKind.ResourceUnavailable,
                $"'{provider.Path}' can't be removed: {e.Message} Close the sessions that use it and try again.", provider.Provider, e);
        }
    }

    private static void WriteActive(string name)
    {
        string path = Path.Join(UserFolders.Providers, ActiveFile);
        string temporary = path + "." + Environment.ProcessId + ".tmp";
        File.WriteAllText(temporary, name);
        File.Move(temporary, path, overwrite: true);
    }
}

/// <summary>A provider in the per-user folder.</summary>
/// <param name="Provider">The provider.</param>
/// <param name="Package">The package that it came from.</param>
/// <param name="Version">The package's version.</param>
/// <param name="Path">Its folder; empty in the manifest.</param>
internal sealed record InstalledProvider(ExecutionProvider Provider, string Package, string Version, string Path);
