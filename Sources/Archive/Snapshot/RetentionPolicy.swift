/// How many snapshots to keep; nil or 0 leaves a rule out.
public struct RetentionPolicy: Sendable, Codable, Equatable {
    /// The newest N.
    public var keepLast: Int?
    /// The newest of each of the last N hours (UTC) that have one.
    public var keepHourly: Int?
    /// … of each of the last N days that have one.
    public var keepDaily: Int?
    /// … of each of the last N weeks, Monday to Sunday, that have one.
    public var keepWeekly: Int?
    /// … of each of the last N months that have one.
    public var keepMonthly: Int?
    /// … of each of the last N years that have one.
    public var keepYearly: Int?
    /// The newest N safety snapshots; nil keeps them all, 0 none.
    public var keepSafety: Int?

    public init(
        keepLast: Int? = nil, keepHourly: Int? = nil, keepDaily: Int? = nil, keepWeekly: Int? = nil,
        keepMonthly: Int? = nil, keepYearly: Int? = nil, keepSafety: Int? = nil
    ) {
        self.keepLast = keepLast
        self.keepHourly = keepHourly
        self.keepDaily = keepDaily
        self.keepWeekly = keepWeekly
        self.keepMonthly = keepMonthly
        self.keepYearly = keepYearly
        self.keepSafety = keepSafety
    }

    enum CodingKeys: String, CodingKey {
        case keepLast = "keep_last"
        case keepHourly = "keep_hourly"
        case keepDaily = "keep_daily"
        case keepWeekly = "keep_weekly"
        case keepMonthly = "keep_monthly"
        case keepYearly = "keep_yearly"
        case keepSafety = "keep_safety"
    }
}
