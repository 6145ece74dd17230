internal import SystemPackage

extension RuleBook {
    /// Holds every installed service against every rule and against each other, in the order of their ids.
    ///
    /// It changes nothing about what is backed up or routed: ``ServiceRegistry`` decides that. A service whose manifest
    /// can't even be opened has no report; it is one of the registry's faults.
    /// - Throws: `RegistryError` when the cell is no directory or `data/services` can't be listed.
    public func judge(
        installedIn layout: CellLayout, context: RuleContext = RuleContext()
    ) throws(RegistryError) -> [ManifestReport] {
        let sources: [ManifestSource]
        do throws(Errno) {
            sources = try ServiceRegistry.sources(layout).0
        } catch {
            try ServiceRegistry.requireNoServices(layout, error)
            return []
        }
        return judge(sources, in: context)
    }
}
