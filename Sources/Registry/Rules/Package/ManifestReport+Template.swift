extension ManifestReport {
    /// The report with what the rules for Compose documents say about the package's `compose-template.yml`: it is
    /// rendered as an installation would, with placeholders for what nobody knows yet.
    ///
    /// Without a template the document that stands for it is judged, once the manifest itself is accepted; its faults
    /// would be told twice else.
    public func adding(composeTemplate bytes: [UInt8]?, for cell: TemplateCell = TemplateCell()) -> ManifestReport {
        if bytes == nil, !isAccepted { return self }
        var violations: [ComposeViolation]
        let template: ComposeTemplate
        if let bytes {
            let read = ComposeTemplate.read(bytes)
            violations = read.violations
            template = read.template
        } else {
            guard let manifest else { return self }
            violations = []
            template = ComposeTemplate(canonicalFor: manifest)
        }
        // A template that is no document, or a manifest that can't be read, leaves nothing to render.
        if violations.isEmpty, let manifest {
            do throws(RegistryError) {
                violations = try Self.violations(of: template, manifest, cell)
            } catch {
                return adding([Self.finding(about: error)])
            }
        }
        return adding(violations: violations, isMissing: bytes == nil)
    }

    /// The fewest that any placeholder leads to: a good template must not be refused for a value that nobody chose.
    private static func violations(
        of template: ComposeTemplate, _ manifest: Manifest, _ known: TemplateCell
    ) throws(RegistryError) -> [ComposeViolation] {
        let cell = try TemplatePlaceholders.cell(known)
        var secrets = ServiceSecrets()
        secrets.ensure(template.secretNames, for: manifest.id)
        var leases = AddressLeases()
        try leases.allocate(template.containers(of: manifest), for: manifest.id)
        var fewest: [ComposeViolation]?
        for text in TemplatePlaceholders.texts {
            guard let config = TemplatePlaceholders(manifest: manifest).config(saved: known.saved, text: text) else {
                return []
            }
            let found = ComposeRendering(
                manifest, template, config: config, secrets: secrets, leases: leases, cell: cell
            ).violations
            if found.isEmpty { return [] }
            if found.count < fewest?.count ?? .max { fewest = found }
        }
        return fewest ?? []
    }

    /// Of each rule the first hundred, as of the manifest's.
    private func adding(violations: [ComposeViolation], isMissing: Bool) -> ManifestReport {
        var counts: [ComposeRule: Int] = [:]
        var findings: [Finding] = []
        for violation in violations {
            counts[violation.rule, default: 0] += 1
            if counts[violation.rule, default: 0] <= 100 { findings.append(violation.finding(isMissing: isMissing)) }
        }
        return adding(findings, omitted: violations.count - findings.count)
    }

    /// A cell or a pool that can't be used, in the place of a verdict.
    private static func finding(about error: RegistryError) -> Finding {
        Finding(
            rule: RuleID(rawValue: ComposeRule.address.rawValue), severity: .error, pointer: JSONPointer(),
            message: "compose-template.yml can't be rendered: \(error.message)", remedy: ComposeRule.address.remedy)
    }
}

extension ComposeViolation {
    /// The violation as a finding; its pointer leads into the template.
    fileprivate func finding(isMissing: Bool) -> Finding {
        let file = isMissing ? "what stands for the missing compose-template.yml" : "compose-template.yml"
        return Finding(
            rule: RuleID(rawValue: rule.rawValue), severity: .error, pointer: place,
            message: (path.isEmpty ? "" : path + " in ") + "\(file) \(message)",
            remedy: isMissing ? "ship a compose-template.yml; \(remedy)" : remedy)
    }
}
