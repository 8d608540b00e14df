using System.Globalization;
using TokenFactory.Inference.Models;

namespace TokenFactory.Inference.Onnx;

/// <summary>A folder that appears whole or not at all: files are made in a hidden sibling, which is moved into place at the end.</summary>
/// <remarks>
/// Each sibling has a lock file that its maker holds open. A sibling whose lock nobody holds was left by a process that died, and the next
/// transaction of the same folder deletes it. A folder is replaced by two renames; whoever looks for it next completes what a process that
/// died between them began (<see cref="Repair"/>).
/// </remarks>
internal sealed class ModelFolderTransaction : IDisposable
{
    private const string Suffix = ".partial";
    private const string LockSuffix = ".lock";
    private const string OldSuffix = ".old" + Suffix;
    private const int PollMilliseconds = 10;
    private const int Polls = 100;

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
        Repair(folder);
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

    /// <summary>Completes a replacement whose process died between its two renames, and removes what one left behind after both.</summary>
    /// <param name="folder">Full path of the folder that was to be replaced.</param>
    /// <remarks>
    /// The older folder is moved away only when the newer one is whole: so the newer one takes its place, and the older one only where the newer
    /// one is gone. While another process is between its renames, this waits for it. What can't be read or written is left as it is.
    /// </remarks>
    public static void Repair(string folder)
    {
        string? parent = Path.GetDirectoryName(folder);
        if (parent is null || !Directory.Exists(parent))
        {
            return;
        }

        try
        {
            foreach (string old in Directory.EnumerateDirectories(parent, $".{Path.GetFileName(folder)}.*{OldSuffix}"))
            {
                string newer = old[..^OldSuffix.Length] + Suffix;
                if (!IsOf(folder, newer) || !TryHold(newer + LockSuffix, out FileStream? held))
                {
                    for (int i = 0; i < Polls && IsOf(folder, newer) && !Directory.Exists(folder) && Directory.Exists(old); i++)
                    {
                        Thread.Sleep(PollMilliseconds);
                    }

                    continue;
                }

                using (held)
                {
                    if (!Directory.Exists(folder))
                    {
                        Directory.Move(ModelFolder.LooksLikeModel(newer) ? newer : old, folder);
                    }

                    Delete(newer);
                    Delete(old);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The opening that follows says what is missing.
        }
    }

    /// <summary>Does so for all folders of a parent.</summary>
    /// <param name="parent">Full path of the parent.</param>
    public static void RepairAll(string parent)
    {
        foreach (string old in Directory.EnumerateDirectories(parent, $".*{OldSuffix}"))
        {
            string name = Path.GetFileName(old)[1..^OldSuffix.Length];
            int end = name.LastIndexOf('.');
            if (end > 0)
            {
                Repair(Path.Combine(parent, name[..end]));
            }
        }
    }

    // A pattern for "a" finds what belongs to "a.b" too.
    private static bool IsOf(string folder, string sibling) => Path.GetFileName(sibling).AsSpan()[(Path.GetFileName(folder).Length + 2)..^Suffix.Length].IndexOf('.') < 0;

    private static bool TryHold(string path, out FileStream? held)
    {
        try
        {
            held = Hold(path);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            held = null;
            return false;
        }
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
            old = _temporary[..^Suffix.Length] + OldSuffix;
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

            if (partial.EndsWith(OldSuffix, StringComparison.Ordinal))
            {
                // It belongs to whoever replaces the folder.
                lockPath = partial[..^OldSuffix.Length] + Suffix + LockSuffix;
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
