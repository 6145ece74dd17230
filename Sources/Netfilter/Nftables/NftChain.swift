/// A chain of rules; one with a ``Base`` sees packets, one without is jumped to.
public struct NftChain: Hashable, Sendable {
    /// Where in the kernel a chain is called.
    public struct Base: Hashable, Sendable {
        /// `filter`, or `nat` for the first packet of a flow.
        public enum Kind: String, Hashable, Sendable {
            case filter
            case nat
        }

        /// NF_INET_*; the numbers of the family `bridge` are the same.
        public enum Hook: UInt32, Hashable, Sendable {
            case prerouting = 0
            case input = 1
            case forward = 2
            case output = 3
            case postrouting = 4
        }

        /// What happens to a packet at the end of the chain (NF_DROP, NF_ACCEPT).
        public enum Policy: UInt32, Hashable, Sendable {
            case drop = 0
            case accept = 1
        }

        public let kind: Kind
        public let hook: Hook
        /// Lower is called first; -150 is `mangle`, -100 `dstnat`, 0 `filter`, 100 `srcnat`.
        public let priority: Int32
        public let policy: Policy

        public init(_ kind: Kind, _ hook: Hook, priority: Int32, policy: Policy = .accept) {
            self.kind = kind
            self.hook = hook
            self.priority = priority
            self.policy = policy
        }
    }

    public let name: String
    public let base: Base?

    public init(_ name: String, _ base: Base? = nil) {
        self.name = name
        self.base = base
    }
}
