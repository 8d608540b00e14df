using TokenFactory.Inference.Models;
using TokenFactory.Inference.Onnx;
using Xunit;

namespace TokenFactory.Inference.Tests.Onnx;

/// <summary>Whatever stops the writing of a model, nothing half-written stays behind.</summary>
public sealed class UnfinishedModelTests : IDisposable
{
    private static readonly SyntheticModelOptions s_options = new() { Name = "tiny", Parameters = 1_000_000 };

    private readonly string _root = Directory.CreateTempSubdirectory("tokenfactory-").FullName;

    private string Folder => Path.Combine(_root, "model");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(40)]
    [InlineData(90)]
    [InlineData(99)]
    public void A_full_disk_leaves_nothing(int percent)
    {
        long needed = 0;
        SyntheticModel.Write(s_options, Folder, path => new FullDisk(File.Create(path), () => long.MaxValue, used => needed += used), null, CancellationToken.None);
        Directory.Delete(Folder, recursive: true);
        long left = needed * percent / 100;
        ModelFolderException e = Assert.Throws<ModelFolderException>(() =>
            SyntheticModel.Write(s_options, Folder, path => new FullDisk(File.Create(path), () => left, used => left -= used), null, CancellationToken.None));
        Assert.Equal("DiskFull", e.ErrorId);
        Assert.Contains("Free some space", e.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_root));
    }

    [Fact]
    public void A_full_disk_keeps_the_model_that_was_to_be_replaced()
    {
        SyntheticModel.Write(s_options, Folder);
        long left = 500_000;
        Assert.Throws<ModelFolderException>(() =>
            SyntheticModel.Write(s_options with { Seed = 5 }, Folder, path => new FullDisk(File.Create(path), () => left, used => left -= used), null, CancellationToken.None));
        Assert.Equal("tiny", ModelFolder.Open(Folder).Info.Name);
        Assert.Single(Directory.EnumerateFileSystemEntries(_root));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Replacement_that_died_between_its_renames_is_completed_by_the_next_use(bool newIsThere)
    {
        SyntheticModel.Write(s_options with { Name = "older" }, Path.Combine(_root, ".model.1-aaaaaaaa.old.partial"));
        if (newIsThere)
        {
            SyntheticModel.Write(s_options with { Name = "newer" }, Path.Combine(_root, ".model.1-aaaaaaaa.partial"));
            File.WriteAllText(Path.Combine(_root, ".model.1-aaaaaaaa.partial.lock"), "");
        }

        Assert.Equal(Folder, ModelReference.Find("model", Folder).Path);
        Assert.Equal(newIsThere ? "newer" : "older", ModelFolder.Open(Folder).Info.Name);
        Assert.Equal([Folder], Directory.EnumerateFileSystemEntries(_root));
    }

    [Fact]
    public void Replacement_that_died_after_its_renames_leaves_nothing_after_the_next_use()
    {
        SyntheticModel.Write(s_options with { Name = "newer" }, Folder);
        SyntheticModel.Write(s_options with { Name = "older" }, Path.Combine(_root, ".model.1-aaaaaaaa.old.partial"));
        SyntheticModel.Write(s_options with { Name = "other" }, Path.Combine(_root, ".model.v2.1-aaaaaaaa.old.partial"));
        Assert.Equal("newer", ModelFolder.Open(Folder).Info.Name);
        Assert.Equal([Path.Combine(_root, ".model.v2.1-aaaaaaaa.old.partial"), Folder], Directory.EnumerateFileSystemEntries(_root).Order(StringComparer.Ordinal));
        Assert.Equal("other", ModelFolder.Open(Path.Combine(_root, "model.v2")).Info.Name);
    }

    [Fact]
    public async Task Replacement_that_is_under_way_is_waited_for_and_not_touched()
    {
        string old = Path.Combine(_root, ".model.2-bbbbbbbb.old.partial");
        string newer = Path.Combine(_root, ".model.2-bbbbbbbb.partial");
        SyntheticModel.Write(s_options with { Name = "older" }, old);
        SyntheticModel.Write(s_options with { Name = "newer" }, newer);
        using (new FileStream(newer + ".lock", FileMode.Create, FileAccess.ReadWrite, FileShare.None))
        {
            Task<ModelFolder> opening = Task.Run(() => ModelFolder.Open(Folder), TestContext.Current.CancellationToken);
            await Task.Delay(100, TestContext.Current.CancellationToken);
            Assert.False(opening.IsCompleted);
            Directory.Move(newer, Folder);
            Assert.Equal("newer", (await opening).Info.Name);
            Assert.True(Directory.Exists(old));
        }
    }

    [Fact]
    public void Cancelling_at_any_moment_leaves_nothing()
    {
        int reports = 0;
        SyntheticModel.Write(s_options, Folder, new Reports(_ => reports++));
        Directory.Delete(Folder, recursive: true);
        Assert.True(reports > 10);
        for (int at = 1; at < reports; at += 3)
        {
            using var cancel = new CancellationTokenSource();
            int seen = 0;
            var progress = new Reports(_ =>
            {
                if (++seen == at)
                {
                    cancel.Cancel();
                }
            });
            Assert.ThrowsAny<OperationCanceledException>(() => SyntheticModel.Write(s_options, Folder, progress, cancel.Token));
            Assert.Empty(Directory.EnumerateFileSystemEntries(_root));
        }
    }

    [Fact]
    public void What_a_dead_process_left_is_removed_and_what_a_living_one_makes_is_not()
    {
        string dead = Directory.CreateDirectory(Path.Combine(_root, ".model.1-aaaaaaaa.partial")).FullName;
        string alive = Directory.CreateDirectory(Path.Combine(_root, ".model.2-bbbbbbbb.partial")).FullName;
        using (new FileStream(alive + ".lock", FileMode.Create, FileAccess.ReadWrite, FileShare.None))
        {
            SyntheticModel.Write(s_options, Folder);
            Assert.False(Directory.Exists(dead));
            Assert.True(Directory.Exists(alive));
        }
    }

    [Fact]
    public void A_folder_with_other_files_is_not_replaced()
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(Path.Combine(Folder, "thesis.txt"), "years of work");
        Assert.Equal("ModelFolderInvalid", Assert.Throws<ModelFolderException>(() => SyntheticModel.Write(s_options, Folder)).ErrorId);
        Assert.Equal("years of work", File.ReadAllText(Path.Combine(Folder, "thesis.txt")));
    }

    [Fact]
    public void Two_writers_of_one_folder_both_end_well()
    {
        Parallel.For(0, 4, i =>
        {
            try
            {
                SyntheticModel.Write(s_options, Path.Combine(_root, $"model-{i % 2}"));
            }
            catch (IOException)
            {
                // The other one moved its folder into place at the same moment: an error, but never a torn folder.
            }
        });
        Assert.Equal(2, Directory.EnumerateFileSystemEntries(_root).Count());
        Assert.Equal("tiny", ModelFolder.Open(Path.Combine(_root, "model-0")).Info.Name);
        Assert.Equal("tiny", ModelFolder.Open(Path.Combine(_root, "model-1")).Info.Name);
    }

    private sealed class Reports(Action<float> report) : IProgress<float>
    {
        public void Report(float value) => report(value);
    }

    private sealed class FullDisk(Stream inner, Func<long> left, Action<long> use) : Stream
    {
        private const int NoSpaceUnix = 28;
        private const int NoSpaceWindows = unchecked((int)0x80070070);

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => inner.Length;

        public override long Position { get => inner.Position; set => throw new NotSupportedException(); }

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count)
        {
            if (count > left())
            {
                throw new IOException("No space left on device", OperatingSystem.IsWindows() ? NoSpaceWindows : NoSpaceUnix);
            }

            use(count);
            inner.Write(buffer, offset, count);
        }

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
