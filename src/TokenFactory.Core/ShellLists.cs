namespace TokenFactory.Core;

/// <summary>Makes lists that a shell can index.</summary>
public static class ShellLists
{
    /// <summary>The list as an array, the same one when it is one already.</summary>
    /// <typeparam name="T">The type of its elements.</typeparam>
    /// <param name="list">The list.</param>
    /// <remarks>
    /// PowerShell indexes arrays and types that declare an indexer of their own; the read-only lists that the compiler makes of collection
    /// expressions have none, and <c>$factory.Tiers[0]</c> would be the whole list.
    /// </remarks>
    public static T[] ToIndexable<T>(this IReadOnlyList<T> list) => list as T[] ?? [.. list];
}
