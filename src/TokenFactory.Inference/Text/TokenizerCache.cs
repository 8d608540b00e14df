using TokenFactory.Inference.Text.Reading;

namespace TokenFactory.Inference.Text;

/// <summary>Keeps tokenizers for the next command: each by its file and that file's time, the least recently used leaving first. Safe for concurrent use.</summary>
public static class TokenizerCache
{
    private const int Capacity = 8;

    private static readonly Lock s_gate = new();
    private static readonly LinkedList<(Key Key, Lazy<Tokenizer> Tokenizer)> s_entries = new();

    /// <summary>The tokenizer of a path; read when it is not there or its files have changed.</summary>
    /// <param name="path">A tokenizer.json, a folder that has one, or another file of such a folder.</param>
    /// <exception cref="TokenizerException"><c>TokenizerNotFound</c>, <c>TokenizerInvalid</c> or <c>TokenizerUnsupported</c>.</exception>
    public static Tokenizer Get(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string file = TokenizerFiles.Find(path) ?? throw TokenizerException.NotFound(path);
        if (!file.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
        {
            file = TokenizerFiles.Find(System.IO.Path.GetDirectoryName(file)!) ?? throw TokenizerException.NotFound(path);
        }

        Key key = Key.Of(file);
        Lazy<Tokenizer> tokenizer;
        lock (s_gate)
        {
            LinkedListNode<(Key Key, Lazy<Tokenizer> Tokenizer)>? node = s_entries.First;
            while (node is not null && node.Value.Key != key)
            {
                node = node.Next;
            }

            if (node is null)
            {
                node = new((key, new Lazy<Tokenizer>(() => Tokenizer.Load(file))));
            }
            else
            {
                s_entries.Remove(node);
            }

            s_entries.AddFirst(node);
            while (s_entries.Count > Capacity)
            {
                s_entries.RemoveLast();
            }

            tokenizer = node.Value.Tokenizer;
        }

        try
        {
            return tokenizer.Value;
        }
        catch
        {
            // A failure is not kept: the file may be repaired within the clock's tick.
            lock (s_gate)
            {
                s_entries.Remove((key, tokenizer));
            }

            throw;
        }
    }

    /// <summary>Forgets all tokenizers.</summary>
    public static void Clear()
    {
        lock (s_gate)
        {
            s_entries.Clear();
        }
    }

    private sealed record Key(string File, long Length, DateTime Time, DateTime SettingsTime)
    {
        public static Key Of(string file)
        {
            string folder = System.IO.Path.GetDirectoryName(file)!;
            return new Key(file, new FileInfo(file).Length, System.IO.File.GetLastWriteTimeUtc(file),
                TokenizerFiles.SideFiles.Max(name => System.IO.File.GetLastWriteTimeUtc(System.IO.Path.Combine(folder, name))));
        }
    }
}
