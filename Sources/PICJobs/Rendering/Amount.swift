/// Numbers as people read them.
enum Amount {
    /// `1.4 GB`, in powers of 1000.
    static func bytes(_ count: UInt64) -> String {
        let units = ["B", "kB", "MB", "GB", "TB", "PB"]
        var value = Double(count)
        var unit = 0
        while value >= 999.5, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        return unit == 0 ? "\(count) B" : "\(decimal(value, value < 10 ? 1 : 0)) \(units[unit])"
    }

    /// `0.4 s`, `12 s`, `3 min 20 s`.
    static func seconds(_ seconds: Double) -> String {
        if seconds < 10 { return decimal(seconds, 1) + " s" }
        let whole = Int(seconds.rounded())
        return whole < 120 ? "\(whole) s" : "\(whole / 60) min \(whole % 60) s"
    }

    /// `41 %`.
    static func percent(_ part: UInt64, of whole: UInt64) -> String {
        whole == 0 ? "–" : "\(Int((Double(part) / Double(whole) * 100).rounded())) %"
    }

    /// Always with a point.
    static func decimal(_ value: Double, _ digits: Int) -> String {
        guard digits > 0 else { return "\(Int(value.rounded()))" }
        let scaled = Int((value * 10).rounded())
        return "\(scaled / 10).\(abs(scaled % 10))"
    }
}
