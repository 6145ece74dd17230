import Testing

@testable import Containers

@Suite("Where a container's directory lies on its engine's host")
struct HostPlaceTests {
    private let mounts = [
        HostPlace(path: "/data", host: "/srv/cell"), HostPlace(path: "/data/notes/files", host: "/mnt/files"),
        HostPlace(path: "/database", host: "/srv/db"),
    ]

    @Test("is told by the mount that it lies in, and by those below it")
    func places() {
        #expect(
            HostPlace.places(of: "/data/notes/", in: mounts) == [
                HostPlace(path: "/data/notes/files", host: "/mnt/files"),
                HostPlace(path: "/data/notes", host: "/srv/cell/notes"),
            ])
        #expect(HostPlace.places(of: "/data/notes/files/x", in: mounts).map(\.host) == ["/mnt/files/x"])
        #expect(HostPlace.places(of: "/etc", in: mounts) == [])
        #expect(HostPlace.places(of: "/", in: mounts).count == 3)
    }
}
