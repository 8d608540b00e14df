using System.Globalization;
using TokenFactory.Inference.Models;

namespace TokenFactory.Inference.Onnx;

/// <summary>A folder that appears whole or not at all: files are made in a hidden sibling, which is moved into place at the end.</summary>
/// <remarks>
/// Each sibling has a lock file that its maker holds open. A sibling whose lock nobody holds was left by a process that died, and the next
/// transaction of the same folder deletes it.
/// </remarks>
internal sealed class ModelFolderTransaction : IDisposable
{
    private const string Suffix = ".partial";
    private const string LockSuffix = ".lock";

    private readonly string _folder;
    private readonly string _temporary;
    private readonly FileStream _lock;
    private readonly Func<string, Stream> _create;
    private bool _committed;

    private ModelFolderTransaction(string folder, string temporary, FileStream held, Func<string, Stream> create)
    {
        _folder = folder;
        _temporary = temporary;
        _lock = held;
        _create = create;
    }

    /// <summary>Begins a folder.</summary>
    /// <param name="folder">Full path of the folder to be.</param>
    /// <param name="create">Makes a file's stream; null for plain files.</param>
    public static ModelFolderTransaction Begin(string folder, Func<string, Stream>? create = null)
    {
        string parent = Path.GetDirectoryName(folder) ?? throw ModelFolderException.Invalid(folder, "a root folder cannot be a model folder", "Choose a folder below it");
        Directory.CreateDirectory(parent);
        string name = Path.GetFileName(folder);
        RemoveStale(parent, name);
        string temporary = Path.Combine(parent,
            string.Create(CultureInfo.InvariantCulture, $".{name}.{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..8]}{Suffix}"));
        FileStream held = Hold(temporary + LockSuffix);
        try
        {
            Directory.CreateDirectory(temporary);
        }
        catch
        {
            held.Dispose();
            throw;
        }

        return new ModelFolderTransaction(folder, temporary, held, create ?? (path => new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 18)));
    }

    /// <summary>Creates a file; the caller disposes the stream.</summary>
    /// <param name="relativePath">Its path in the folder.</param>
    public Stream Create(string relativePath)
    {
        string path = Path.Combine(_temporary, relativePath);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return _create(path);
    }

    /// <summary>Moves the folder into place, over an older model folder if there is one.</summary>
    public void Commit()
    {
        string? old = null;
        if (Directory.Exists(_folder))
        {
            old = _temporary[..^Suffix.Length] + ".old" + Suffix;
            Directory.Move(_folder, old);
        }

        try
        {
            Directory.Move(_temporary, _folder);
            _committed = true;
        }
        catch when (old is not null)
        {
            if (Directory.Exists(_folder))
            {
                // Another writer was faster; its folder stays.
                Delete(old);
            }
            else
            {
                Directory.Move(old, _folder);
            }

            throw;
        }

        if (old is not null)
        {
            Delete(old);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_committed)
        {
            Delete(_temporary);
        }

        _lock.Dispose();
    }

    /// <summary>True when an exception says that the disk or the quota is full.</summary>
    public static bool IsDiskFull(IOException e)
    {
        const int ErrorHandleDiskFull = 0x27, ErrorDiskFull = 0x70, Enospc = 28, EdquotLinux = 122, EdquotMac = 69;
        int code = e.HResult & 0xFFFF;
        return OperatingSystem.IsWindows() ? code is ErrorHandleDiskFull or ErrorDiskFull
            : code == Enospc || code == (OperatingSystem.IsMacOS() ? EdquotMac : EdquotLinux);
    }

    private static void RemoveStale(string parent, string name)
    {
        foreach (string sibling in Directory.EnumerateFileSystemEntries(parent, $".{name}.*{Suffix}*"))
        {
            string lockPath = sibling.EndsWith(LockSuffix, StringComparison.Ordinal) ? sibling : sibling + LockSuffix;
            string partial = lockPath[..^LockSuffix.Length];
            if (!partial.EndsWith(Suffix, StringComparison.Ordinal))
            {
                continue;
            }

            try
            {
                using FileStream held = Hold(lockPath);
                Delete(partial);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Another process is at work on it, or it is another user's.
            }
        }
    }

    private static FileStream Hold(string path) =>
        new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);

    private static void Delete(string folder)
    {
        try
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Something still reads a file of it: the next transaction of this folder deletes it.
        }
    }
}
