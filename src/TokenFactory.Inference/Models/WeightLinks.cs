namespace TokenFactory.Inference.Models;

/// <summary>Where the files of a graph's weights really are, when the folder holds links to them as Hugging Face's download cache does.</summary>
/// <remarks>ONNX Runtime refuses a link that leads out of the graph's folder. <see cref="ContainedFiles"/> has judged which ones may.</remarks>
/// <param name="Folder">The folder that holds all of them.</param>
/// <param name="GraphName">The graph's own file in it; null when it is elsewhere.</param>
/// <param name="Names">Names in it, by the location that the graph says.</param>
/// <param name="Lead">True when a location is a link.</param>
internal sealed record WeightLinks(string Folder, string? GraphName, IReadOnlyDictionary<string, string> Names, bool Lead)
{
    /// <summary>Follows the links.</summary>
    /// <param name="path">Full path of the graph's file.</param>
    /// <param name="file">What it says.</param>
    /// <returns>Null when the files lie in several folders: they can't be named relative to one.</returns>
    public static WeightLinks? Follow(string path, OnnxFile file)
    {
        string folder = Path.GetDirectoryName(path)!;
        string graph = Final(path);
        Dictionary<string, string> finals = new(StringComparer.Ordinal);
        foreach (string location in file.AllTensors().Select(t => t.Location).OfType<string>().Distinct(StringComparer.Ordinal))
        {
            finals[location] = Final(Path.Combine(folder, location));
        }

        if (finals.All(f => f.Value == Path.Combine(folder, f.Key)))
        {
            return new WeightLinks(folder, Path.GetDirectoryName(graph) == folder ? Path.GetFileName(graph) : null, finals.Keys.ToDictionary(k => k, k => k, StringComparer.Ordinal), Lead: false);
        }

        string shared = Path.GetDirectoryName(finals.Values.First())!;
        return finals.Values.Any(f => Path.GetDirectoryName(f) != shared)
            ? null
            : new WeightLinks(shared, Path.GetDirectoryName(graph) == shared ? Path.GetFileName(graph) : null, finals.ToDictionary(f => f.Key, f => Path.GetFileName(f.Value), StringComparer.Ordinal), Lead: true);
    }

    private static string Final(string path) => File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
}
