namespace TokenFactory.Inference.Models;

/// <summary>The small text that a repository cloned without Git LFS has where a large file should be.</summary>
internal static class GitLfsPointer
{
    private const int LongestPointer = 1024;

    /// <summary>Throws when a file is such a text.</summary>
    /// <param name="path">Full path.</param>
    /// <exception cref="ModelFolderException"><c>ModelFolderInvalid</c>, saying how to get the file itself.</exception>
    public static void Refuse(string path)
    {
        Span<byte> start = stackalloc byte[42];
        using (FileStream file = File.OpenRead(path))
        {
            if (file.Length > LongestPointer)
            {
                return;
            }

            start = start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        }

        if (start.StartsWith("version https://git-lfs.github.com/spec/v1"u8))
        {
            throw ModelFolderException.Invalid(path, "it is a Git LFS pointer and not the file itself", "Run 'git lfs pull' in the model's folder, or download the file");
        }
    }
}
