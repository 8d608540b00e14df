using System.Globalization;
using TokenFactory.Core;

namespace TokenFactory.Inference.Models;

/// <summary>A model folder that can't be used or written.</summary>
/// <remarks>
/// Ids: <c>ModelFolderNotFound</c>, <c>ModelFileMissing</c>, <c>ModelFolderInvalid</c> (torn or malformed), <c>ModelGraphUnsupported</c>
/// (readable, but not a decoder that this engine can drive), <c>ModelPathOutside</c> (a file of it points out of the folder), <c>ModelFolderExists</c>, <c>DiskFull</c>.
/// </remarks>
public sealed class ModelFolderException : TokenFactoryException
{
    private ModelFolderException(string errorId, FailureKind kind, string message, string path, Exception? inner = null)
        : base(errorId, kind, message, path, inner)
    {
    }

    /// <summary>The folder is not there.</summary>
    /// <param name="path">Full path.</param>
    public static ModelFolderException NotFound(string path) => new("ModelFolderNotFound", FailureKind.NotFound,
        $"There is no model folder '{path}'. Check the path, or write one: New-TokenFactoryModel -Name demo -Path '{path}'.", path);

    /// <summary>A file that the folder must have is not there.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="file">The file's path relative to it.</param>
    /// <param name="remedy">What else could be done, to end the last sentence with.</param>
    public static ModelFolderException FileMissing(string folder, string file, string remedy = "") => new("ModelFileMissing", FailureKind.NotFound,
        $"The model folder '{folder}' has no '{Short(file)}'. Download or copy the folder again, whole{Short(remedy)}.", folder);

    /// <summary>A file is torn or malformed.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="problem">What is wrong, without a full stop.</param>
    /// <param name="remedy">What to do, without a full stop; null to copy the folder again.</param>
    /// <param name="inner">The cause.</param>
    public static ModelFolderException Invalid(string path, string problem, string? remedy = null, Exception? inner = null) =>
        new("ModelFolderInvalid", FailureKind.InvalidInput, $"'{path}' cannot be used: {Short(problem)}. {remedy ?? "Download or copy the model folder again, whole"}.", path, inner);

    /// <summary>The graph is well formed but not one that this engine can drive.</summary>
    /// <param name="path">The graph's file.</param>
    /// <param name="problem">What is missing, without a full stop.</param>
    public static ModelFolderException Unsupported(string path, string problem) => new("ModelGraphUnsupported", FailureKind.NotSupported,
        $"'{path}' is not a decoder graph that can be run: {Short(problem)}. Export it for text generation with past keys and values.", path);

    /// <summary>A file of the model points out of its folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="reference">What it points to.</param>
    public static ModelFolderException Outside(string folder, string reference) => new("ModelPathOutside", FailureKind.PermissionDenied,
        $"The model in '{folder}' refers to '{Short(reference)}', which is outside its folder. It was not read. Use a model from a source you trust.", folder);

    /// <summary>There is a folder already.</summary>
    /// <param name="path">Full path.</param>
    public static ModelFolderException Exists(string path) => new("ModelFolderExists", FailureKind.InvalidInput,
        $"'{path}' exists already. Choose another path, or replace the model with -Force.", path);

    /// <summary>The disk does not have the room.</summary>
    /// <param name="path">Where to write.</param>
    /// <param name="needed">Bytes that the model takes.</param>
    /// <param name="inner">The cause.</param>
    /// <param name="free">Bytes that are free; null when unknown.</param>
    public static ModelFolderException DiskFull(string path, long needed, Exception? inner, long? free = null)
    {
        string there = free is long f ? string.Create(CultureInfo.InvariantCulture, $" and {f / 1e9:0.##} GB are free") : "";
        return new("DiskFull", FailureKind.ResourceUnavailable, string.Create(CultureInfo.InvariantCulture,
            $"The disk of '{path}' is full: the model takes {needed / 1e9:0.##} GB{there}. Nothing was left behind. Free some space, or choose another path or a smaller model."), path, inner);
    }

    // Names come from files: a message stays one that can be read.
    private static string Short(string text) => text.Length <= 400 ? text : text[..400] + "…";
}
