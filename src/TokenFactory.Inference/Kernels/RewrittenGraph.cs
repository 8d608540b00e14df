namespace TokenFactory.Inference.Kernels;

/// <summary>A graph as <see cref="KernelGraph"/> rewrote it.</summary>
/// <param name="Model">The new graph.</param>
/// <param name="Folder">Full path of the folder that its weights' files are named relative to.</param>
/// <param name="Products">Products that were handed over to our kernels.</param>
/// <param name="OtherProducts">Products with integer weights that were not.</param>
internal readonly record struct RewrittenGraph(byte[] Model, string Folder, int Products, int OtherProducts);
