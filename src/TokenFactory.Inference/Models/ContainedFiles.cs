using System.Text.Json;

namespace TokenFactory.Inference.Models;

/// <summary>Access to the files of one folder, and to nothing else.</summary>
/// <remarks>
/// A path must be relative, without a step up, and must still lie in the folder when its links are followed. One kind of link out of the folder is
/// followed: that of Hugging Face's download cache, whose <c>snapshots/REVISION</c> folders link to <c>blobs</c> of the same repository.
/// </remarks>
internal sealed class ContainedFiles
{
    private const long MaximumJson = 64L << 20;
    private const int MaximumDepth = 64;

    private readonly string _root;
    private readonly string? _blobs;

    /// <summary>Opens a folder.</summary>
    /// <param name="folder">Full path.</param>
    public ContainedFiles(string folder)
    {
        Folder = folder;
        _root = FollowFolder(folder);
        string? snapshots = Path.GetDirectoryName(folder);
        if (snapshots is not null && Path.GetFileName(snapshots) == "snapshots" && Path.GetDirectoryName(snapshots) is string repository)
        {
            _blobs = FollowFolder(Path.Combine(repository, "blobs"));
        }
    }

    /// <summary>Full path of the folder.</summary>
    public string Folder { get; }

    /// <summary>True when the folder has a file of this relative path, which may still be refused by <see cref="Resolve"/>.</summary>
    public bool Exists(string relativePath) => Plain(relativePath) is string path && File.Exists(path);

    /// <summary>The full path of a file.</summary>
    /// <param name="relativePath">Its path in the folder.</param>
    /// <exception cref="ModelFolderException"><c>ModelPathOutside</c> or <c>ModelFileMissing</c>.</exception>
    public string Resolve(string relativePath)
    {
        string path = Plain(relativePath) ?? throw ModelFolderException.Outside(Folder, Shorten(relativePath));
        if (!File.Exists(path))
        {
            throw ModelFolderException.FileMissing(Folder, Shorten(relativePath));
        }

        string final;
        try
        {
            // A link may be any part of the path: the file, or a folder above it.
            string parent = FollowFolder(Path.GetDirectoryName(path)!);
            string joined = Path.Combine(parent, Path.GetFileName(path));
            string? target = File.ResolveLinkTarget(joined, returnFinalTarget: true)?.FullName;
            final = target is null ? joined : Path.Combine(FollowFolder(Path.GetDirectoryName(target)!), Path.GetFileName(target));
        }
        catch (IOException e)
        {
            throw ModelFolderException.Invalid(path, "its link cannot be followed", null, e);
        }

        return IsIn(final, _root) || (_blobs is not null && IsIn(final, _blobs)) ? path : throw ModelFolderException.Outside(Folder, Shorten(relativePath));
    }

    /// <summary>Reads a JSON file of bounded size and depth.</summary>
    /// <exception cref="InvalidDataException">It is torn or malformed.</exception>
    public JsonDocument ReadJson(string relativePath)
    {
        string path = Resolve(relativePath);
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        if (stream.Length > MaximumJson)
        {
            throw new InvalidDataException($"{relativePath} is larger than {MaximumJson >> 20} MB");
        }

        try
        {
            JsonDocument document = JsonDocument.Parse(stream, new JsonDocumentOptions { MaxDepth = MaximumDepth, AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return document;
            }

            document.Dispose();
            throw new InvalidDataException($"{relativePath} is not a JSON object");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{relativePath} is torn or not JSON (line {e.LineNumber + 1})", e);
        }
    }

    private static bool IsIn(string path, string folder)
    {
        StringComparison comparison = OperatingSystem.IsLinux() ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;
        return path.StartsWith(Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar, comparison);
    }

    /// <summary>A path cut to what a message holds.</summary>
    public static string Shorten(string path) => path.Length <= 200 ? path : path[..200] + "…";

    private static string FollowFolder(string folder)
    {
        string root = Path.GetPathRoot(folder)!;
        string real = root;
        foreach (string part in folder[root.Length..].Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries))
        {
            real = Path.Combine(real, part);
            if (Directory.Exists(real) && Directory.ResolveLinkTarget(real, returnFinalTarget: true)?.FullName is string target)
            {
                real = Path.TrimEndingDirectorySeparator(target);
            }
        }

        return real;
    }

    private string? Plain(string relativePath)
    {
        if (relativePath.Length is 0 or > 4096 || relativePath.AsSpan().ContainsAny("\0:") || Path.IsPathRooted(relativePath))
        {
            return null;
        }

        string[] parts = relativePath.Split('/', '\\');
        return parts.Any(p => p is "" or ".." or ".") && parts is not [".", ..] ? null
            : parts.Skip(1).Any(p => p is "" or ".." or ".") ? null
            : Path.Combine([Folder, .. parts.Where(p => p != ".")]);
    }
}
