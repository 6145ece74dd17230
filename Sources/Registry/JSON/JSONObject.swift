/// The members of a JSON object in the order of the file; a key stands there once.
public struct JSONObject: Sendable, Equatable {
    /// One `"key": value`.
    public struct Member: Sendable, Equatable {
        /// The decoded key, without quotes and escapes.
        public let key: String
        /// What stands behind the colon.
        public var value: JSONValue

        /// A member of that key and value.
        public init(key: String, value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// The members, each key once.
    public private(set) var members: [Member] = []

    /// An empty object.
    public init() {}

    /// The keys in the order of the file.
    public var keys: [String] { members.map(\.key) }

    /// The member's value; setting nil removes the member, setting a new key appends it.
    public subscript(key: String) -> JSONValue? {
        get { members.first { $0.key == key }?.value }
        set {
            let place = members.firstIndex { $0.key == key }
            switch (place, newValue) {
            case (let place?, let value?): members[place].value = value
            case (let place?, nil): members.remove(at: place)
            case (nil, let value?): members.append(Member(key: key, value: value))
            case (nil, nil): break
            }
        }
    }

    /// Appends a member whose key the parser has found to be new.
    mutating func append(unique key: String, _ value: JSONValue) {
        members.append(Member(key: key, value: value))
    }
}
