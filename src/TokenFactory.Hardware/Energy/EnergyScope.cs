namespace TokenFactory.Hardware.Energy;

/// <summary>What a joule covers. Joules of different scopes are never added.</summary>
public enum EnergyScope
{
    /// <summary>One accelerator with its memory.</summary>
    Device,

    /// <summary>Processor packages, with their memory where the counters cover it.</summary>
    Package,

    /// <summary>A module that holds processor and accelerator (Grace Hopper and its like).</summary>
    Module,

    /// <summary>The whole machine.</summary>
    System,

    /// <summary>Not measured: power that a person declared, times time.</summary>
    Declared,
}

/// <summary>Whose energy to measure.</summary>
public enum EnergyTarget
{
    /// <summary>The accelerators, of all makers together, when the machine has any and all that work can be metered; else the processor.</summary>
    Auto,

    /// <summary>The processor packages; the machine where only that can be metered.</summary>
    Cpu,

    /// <summary>The accelerators, of all makers together.</summary>
    Accelerators,

    /// <summary>The whole machine.</summary>
    System,
}
