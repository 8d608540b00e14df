namespace TokenFactory.Inference.Models;

/// <summary>Checks that the weights that a graph refers to are there, whole, and in the model's folder.</summary>
internal static class WeightFiles
{
    /// <summary>Checks all external references and counts the bytes of all weights.</summary>
    /// <param name="files">The folder.</param>
    /// <param name="graphPath">Full path of the graph, whose folder external paths start at.</param>
    /// <param name="file">The graph.</param>
    /// <exception cref="ModelFolderException">A file is missing, too short, or outside.</exception>
    public static long Check(ContainedFiles files, string graphPath, OnnxFile file)
    {
        string prefix = Path.GetRelativePath(files.Folder, Path.GetDirectoryName(graphPath)!).Replace('\\', '/');
        prefix = prefix == "." ? "" : prefix + "/";
        Dictionary<string, long> lengths = new(StringComparer.Ordinal);
        long bytes = 0;
        foreach (OnnxTensor tensor in file.AllTensors())
        {
            if (!tensor.IsExternal && tensor.Location is null)
            {
                bytes += tensor.RawLength > 0 ? tensor.RawLength : Math.Max(0, tensor.Elements) * (tensor.HasTypedData ? ParameterCounter.Bytes(tensor.Type) : 0);
                continue;
            }

            string location = tensor.Location ?? throw ModelFolderException.Invalid(graphPath, $"the weight '{tensor.Name}' does not say where its data is");
            if (location.Contains("_ORT_MEM_ADDR_", StringComparison.Ordinal) || (!OperatingSystem.IsWindows() && location.Contains('\\')))
            {
                // The first is ONNX Runtime's mark for an address in memory; the second is a letter of a name here and no separator.
                throw ModelFolderException.Outside(files.Folder, ContainedFiles.Shorten(location));
            }

            if (!lengths.TryGetValue(location, out long length))
            {
                string path;
                try
                {
                    path = files.Resolve(prefix + location);
                }
                catch (ModelFolderException e) when (e.ErrorId == "ModelFileMissing")
                {
                    throw ModelFolderException.FileMissing(files.Folder, prefix + location, GraphChoice.Others(files, prefix + Path.GetFileName(graphPath)));
                }

                GitLfsPointer.Refuse(path);
                length = ((FileInfo?)File.ResolveLinkTarget(path, returnFinalTarget: true) ?? new FileInfo(path)).Length;
                lengths[location] = length;
            }

            long size = tensor.Length ?? (length - tensor.Offset);
            if (tensor.Offset > length || size < 0 || size > length - tensor.Offset)
            {
                throw ModelFolderException.Invalid(files.Folder,
                    $"'{location}' has {length} bytes and the weight '{tensor.Name}' needs {tensor.Offset + Math.Max(0, size)}: it was cut off");
            }

            bytes += size;
        }

        return bytes;
    }
}
