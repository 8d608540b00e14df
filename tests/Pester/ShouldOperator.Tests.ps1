# Runs in both versions of Pester that are supported: nothing here may need the newer one.
BeforeAll {
    # 10 accelerators of 100 tok/s: 86.4 Mtok a day.
    $yaml = @'
factory: small
site: { power: 20 kW }
finance: { lifetime: 1 year }
hardware:
  - { name: gpu, allInPower: 1 kW, price: 3650 USD, count: 10 }
tiers:
  - name: gold
    price: { output: 10 USD/Mtok }
    service: { ttft: 2 s, interactivity: 40 tok/s/user }
    production: { output: 100 tok/s/accelerator, interactivity: 50 tok/s/user, ttft: 1 s }
    demand: { mean: 60 Mtok/day }
    growth: 100 %/year
outlook: { start: 2027-01-01 }
'@
    $path = Join-Path $TestDrive small.yaml
    Set-Content -LiteralPath $path -Value $yaml -Encoding utf8
    $factory = Import-TokenFactory $path
}

Describe 'Should -HoldCapacity' {
    BeforeAll { Register-TokenFactoryShouldOperator }

    It 'passes when every tier holds' {
        $factory | Should -HoldCapacity -AsOf 2027-01-01
        $path | Should -HoldCapacity -Headroom '40 %' -AsOf 2027-01-01
        $factory | Should -Not -HoldCapacity -Headroom '50 %' -AsOf 2027-01-01
    }

    It 'names tier, limit and figures when it fails' {
        $failure = { $factory | Should -HoldCapacity -Headroom '20 %' -AsOf 2027-01-01 -Until 2027-12-31 -Because 'we sell it' -ErrorAction Stop } | Should -Throw -PassThru
        $failure.Exception.Message | Should -Match "'small' to hold its capacity, because we sell it, but 1 of 1 tiers does not"
        $failure.Exception.Message | Should -Match "Tier 'gold'.*86\.4 Mtok/day.*10 accelerators of gpu.*exhausted on 2027-07-13"
    }

    It 'fails both ways for what is no factory' {
        { 'nowhere.yaml' | Should -HoldCapacity -ErrorAction Stop } | Should -Throw '*can be judged*'
        { 'nowhere.yaml' | Should -Not -HoldCapacity -ErrorAction Stop } | Should -Throw '*can be judged*'
    }

    It 'may be registered again' {
        { Register-TokenFactoryShouldOperator } | Should -Not -Throw
        (Register-TokenFactoryShouldOperator -PassThru).Operator | Should -Be 'HoldCapacity'
    }
}
