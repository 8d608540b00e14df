using System.IO.Compression;
using System.Security.Cryptography;
using NuGet.Common;
using NuGet.Configuration;
using NuGet.Packaging.Core;
using NuGet.Protocol;
using NuGet.Protocol.Core.Types;
using NuGet.Versioning;
using TokenFactory.Core;

namespace TokenFactory.Inference.Providers;

/// <summary>Brings a provider's official native package into the per-user folder, whole or not at all.</summary>
/// <remarks>
/// The package comes from the user's own NuGet sources, or from a folder. Its SHA-512 must be the one that this module's release
/// was made with, whoever serves it: a package that differs is refused before anything of it is unpacked.
/// </remarks>
public static class ProviderInstaller
{
    /// <summary>Installs a provider and makes it the active one. An installed one of the same version is replaced.</summary>
    /// <param name="provider">The provider.</param>
    /// <param name="sourceFolder">Full path of a folder that holds the <c>.nupkg</c>, or of the file; null takes the user's NuGet sources.</param>
    /// <param name="progress">Gets the fraction that is done, 0 to 1.</param>
    /// <param name="cancellationToken">Stops; nothing stays behind.</param>
    /// <returns>What is installed now.</returns>
    /// <exception cref="ProviderException"><c>ProviderPackageUnknown</c>, <c>ProviderPackageNotFound</c>, <c>ProviderPackageUntrusted</c>.</exception>
    public static async Task<ExecutionProviderInfo> InstallAsync(
        ExecutionProvider provider, string? sourceFolder, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        ProviderPackage package = Require(provider);
        Directory.CreateDirectory(UserFolders.Providers);
        string staging = Path.Join(UserFolders.Providers, $".{provider}-{Guid.NewGuid():N}".ToLowerInvariant());
        Directory.CreateDirectory(staging);
        try
        {
            string file = sourceFolder is null
                ? await DownloadAsync(package, staging, progress, cancellationToken).ConfigureAwait(false)
                : FindIn(sourceFolder, package);
            await VerifyAsync(file, package, cancellationToken).ConfigureAwait(false);
            progress?.Report(0.8);
            string unpacked = Path.Join(staging, "native");
            await UnpackAsync(file, package, unpacked, cancellationToken).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            string place = ProviderFolder.Commit(unpacked, new InstalledProvider(provider, package.Package, package.Version, ""));
            progress?.Report(1);
            string library = Directory.EnumerateFiles(place).FirstOrDefault(
                f => Path.GetFileName(f).Contains($"providers_{provider}", StringComparison.OrdinalIgnoreCase)) ?? "";
            IReadOnlyList<string> missing = library.Length == 0 ? [] : NativeImports.Missing(library);
            return new ExecutionProviderInfo
            {
                Provider = provider,
                Installed = true,
                Version = package.Version,
                Path = place,
                Missing = missing,
                Reason = missing.Count == 0 ? "Not tried yet: a new session loads it." : "Native libraries that it needs are missing.",
                NextStep = missing.Count == 0
                    ? $"Start a new session, then: Invoke-TokenFactory -Provider {provider}"
                    : $"Install what is missing: {string.Join(", ", missing)}.",
            };
        }
        finally
        {
            Directory.Delete(staging, recursive: true);
        }
    }

    /// <summary>Removes an installed provider.</summary>
    /// <param name="provider">The provider.</param>
    /// <returns>False when it was not installed.</returns>
    /// <exception cref="ProviderException"><c>ProviderInUse</c>.</exception>
    public static bool Uninstall(ExecutionProvider provider)
    {
        List<InstalledProvider> found = [.. ProviderFolder.Installed().Where(i => i.Provider == provider)];
        found.ForEach(ProviderFolder.Remove);
        return found.Count > 0;
    }

    /// <summary>The package that would be installed on this platform.</summary>
    /// <param name="provider">The provider.</param>
    /// <exception cref="ProviderException"><c>ProviderPackageUnknown</c>.</exception>
    public static ProviderPackage Require(ExecutionProvider provider) => ProviderPackage.Find(provider)
        ?? throw new ProviderException("ProviderPackageUnknown", FailureKind.NotSupported,
            $"There is no official package of {provider} for {ProviderPackage.CurrentRuntimeIdentifier} that matches this module. "
            + "Known: " + string.Join(", ", ProviderPackage.All.Select(p => $"{p.Provider} on {p.RuntimeIdentifier}"))
            + ". With a build of your own, set TOKENFACTORY_PROVIDER_PATH to its folder.", provider);

    private static string FindIn(string source, ProviderPackage package)
    {
        if (File.Exists(source))
        {
            return source;
        }

        string name = $"{package.Package}.{package.Version}.nupkg";
        return (Directory.Exists(source) ? Directory.EnumerateFiles(source, "*.nupkg", SearchOption.AllDirectories) : [])
            .FirstOrDefault(f => string.Equals(Path.GetFileName(f), name, StringComparison.OrdinalIgnoreCase))
            ?? throw new ProviderException("ProviderPackageNotFound", FailureKind.NotFound,
                $"'{source}' has no {name}. Bring it there from a machine with a network.", package.Provider);
    }

    private static async Task<string> DownloadAsync(
        ProviderPackage package, string staging, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        string file = Path.Join(staging, "package.nupkg");
        var identity = new PackageIdentity(package.Package, NuGetVersion.Parse(package.Version));
        var sources = new PackageSourceProvider(Settings.LoadDefaultSettings(root: null));
        using var cache = new SourceCacheContext { DirectDownload = true, NoCache = true };
        List<string> refusals = [];
        foreach (PackageSource source in sources.LoadPackageSources().Where(s => s.IsEnabled))
        {
            try
            {
                SourceRepository repository = Repository.Factory.GetCoreV3(source);
                FindPackageByIdResource? finder = await repository.GetResourceAsync<FindPackageByIdResource>(cancellationToken).ConfigureAwait(false);
                if (finder is null)
                {
                    refusals.Add($"{source.Name} serves no packages.");
                    continue;
                }

                await using (FileStream target = File.Create(file))
                {
                    await using var counted = new ProgressStream(target, package.Bytes, progress);
                    if (await finder.CopyNupkgToStreamAsync(identity.Id, identity.Version, counted, cache, NullLogger.Instance, cancellationToken).ConfigureAwait(false))
                    {
                        return file;
                    }
                }

                refusals.Add($"{source.Name} does not have it.");
            }
            catch (Exception e) when (e is FatalProtocolException or HttpRequestException or IOException)
            {
                refusals.Add($"{source.Name}: {e.Message}");
            }
        }

        throw new ProviderException("ProviderPackageNotFound", FailureKind.NotFound,
            $"{package.Package} {package.Version} did not come from any NuGet source. {string.Join(' ', refusals)} "
            + "Check 'dotnet nuget list source', or bring the file by hand and name its folder with -Source.", package.Provider);
    }

    private static async Task VerifyAsync(string file, ProviderPackage package, CancellationToken cancellationToken)
    {
        await using FileStream stream = File.OpenRead(file);
        string hash = Convert.ToBase64String(await SHA512.HashDataAsync(stream, cancellationToken).ConfigureAwait(false));
        if (hash != package.Sha512)
        {
            throw new ProviderException("ProviderPackageUntrusted", FailureKind.InvalidInput,
                $"The file is not {package.Package} {package.Version} as published: its SHA-512 is {hash}, expected {package.Sha512}. Nothing was installed.",
                package.Provider);
        }
    }

    private static async Task UnpackAsync(string file, ProviderPackage package, string folder, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        string prefix = $"runtimes/{package.RuntimeIdentifier}/native/";
        await using ZipArchive archive = await ZipFile.OpenReadAsync(file, cancellationToken).ConfigureAwait(false);
        foreach (ZipArchiveEntry entry in archive.Entries)
        {
            string name = Path.GetFileName(entry.FullName);
            if (!entry.FullName.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) || entry.FullName.Length != prefix.Length + name.Length
                || name.Length == 0 || name.EndsWith(".lib", StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            await using Stream content = await entry.OpenAsync(cancellationToken).ConfigureAwait(false);
            await using FileStream target = File.Create(Path.Join(folder, name));
            await content.CopyToAsync(target, cancellationToken).ConfigureAwait(false);
        }
    }

    // Tells how much of the download has been written; the download is four fifths of the work.
    private sealed class ProgressStream(Stream inner, long expected, IProgress<double>? progress) : Stream
    {
        private long _written;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => _written;

        public override long Position { get => _written; set => throw new NotSupportedException(); }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            inner.Write(buffer);
            Count(buffer.Length);
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
            Count(buffer.Length);
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Flush() => inner.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        private void Count(int bytes)
        {
            _written += bytes;
            progress?.Report(0.8 * Math.Min(1, (double)_written / expected));
        }
    }
}
