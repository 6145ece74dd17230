import Archive
import ArgumentParser
import Runs

struct JobsList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The job files of the cell and their last runs.",
        discussion: "Exit codes: 0 ok, 1 failed, 78 configuration, or a job file with faults.")

    @OptionGroup var global: GlobalOptions

    private struct Object: Encodable {
        struct Job: Encodable {
            let name: String?
            let file: String
            var kind: String?
            var description: String?
            var schedule: String?
            var last_run: RunObject?
            var error: String?
        }

        let jobs: [Job]
    }

    mutating func run() async throws {
        let cell = try global.openCell()
        let files = try JobFile.all(of: cell)
        let history = try RunHistory(cell).summaries()
        func last(_ file: JobFile) -> RunSummary? {
            file.name.flatMap { name in history.first { $0.job == name.text } }
        }
        let jobs = files.map { file in
            var job = Object.Job(name: file.name?.text, file: file.file)
            job.last_run = last(file).map(RunObject.init)
            switch file.definition {
            case .success(let definition):
                job.kind = definition.kind.rawValue
                job.description = definition.description
                job.schedule = definition.schedule
            case .failure(let error):
                job.error = error.message
            }
            return job
        }
        if global.json {
            try Output.json(Object(jobs: jobs))
        } else if !global.quiet {
            let alive = RunningRun.ids(cell)
            var table = Table([
                ("job", .left), ("kind", .left), ("schedule", .left), ("last run", .left), ("ended with", .left),
            ])
            for (file, job) in zip(files, jobs) {
                table.add([
                    job.name ?? job.file, job.error == nil ? job.kind ?? "–" : "FAULTY", job.schedule ?? "–",
                    job.last_run.map { "\($0.started)" } ?? "never", last(file)?.standing(alive: alive) ?? "–",
                ])
            }
            table.print()
        }
        for job in jobs {
            if let error = job.error { Output.talk("picjobs: error: \(error)") }
        }
        if jobs.contains(where: { $0.error != nil }) { throw ExitCode(ExitStatus.configuration) }
    }
}
