// SPDX-License-Identifier: MIT
// What an import costs the processor from the file to the disk, beside SQLite that takes the same
// rows and nothing else, and that ten times the rows take about ten times as long: import_bench
// [ROWS]. Exit status 1: they take more than twenty times as long.
#include "dialplan/import.hpp"
#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/inventory/sql/connection.hpp"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <forward_list>
#include <string>

#include <fmt/format.h>

namespace {

/// Seconds of this process's own: the machine may be busy.
template <class Work> double took(Work&& work) {
    const auto begin = std::clock();
    work();
    return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

[[noreturn]] void stop(const std::string& why) {
    fmt::print(stderr, "import_bench: {}\n", why);
    std::exit(2);
}

/// Each row a phone with an extension of its own that is new.
std::string csv_of(std::size_t rows) {
    std::string csv = "mac,extensions,name\n";
    for (std::size_t row = 0; row < rows; ++row) {
        csv += fmt::format("001fc1{:06x},{},Desk {}\n", row, 10'000 + row, row);
    }
    return csv;
}

std::filesystem::path new_folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pnp-bench-XXXXXX").string();
    return ::mkdtemp(pattern.data());
}

/// A context of Asterisk's with as many extensions of its own: there is no other way to look for a
/// number in it than from its beginning.
class Context {
  public:
    explicit Context(std::size_t size) {
        for (std::size_t each = 0; each < size; ++each) {
            names_.push_front(std::to_string(500'000 + each));
        }
    }

    base::Status may_own(const std::string& number) const {
        for (const auto& name : names_) {
            if (name == number) {
                return base::fail(base::Errc::conflict, "{} is there", number);
            }
        }
        return {};
    }

  private:
    std::forward_list<std::string> names_;
};

/// The devices and extensions of that many rows in tables without anything else, in one commit.
double insert_bare(std::size_t rows) {
    const auto folder = new_folder();
    const auto done = [](const base::Status& status) {
        if (!status) {
            stop(status.error().what);
        }
    };
    double seconds = 0;
    {
        auto connection = inventory::sql::Connection::open((folder / "bare.sqlite3").string());
        if (!connection) {
            stop(connection.error().what);
        }
        done(connection->use_wal());
        done(connection->run("create table device (mac text primary key, line text);"
                             "create table extension (number text primary key, name text)"));
        auto device = connection->prepare("insert into device values ($1, $2)");
        auto extension = connection->prepare("insert into extension values ($1, $2)");
        if (!device || !extension) {
            stop("SQLite prepares no statement");
        }
        seconds = took([&] {
            done(connection->run("begin"));
            for (std::size_t row = 0; row < rows; ++row) {
                const auto number = std::to_string(10'000 + row);
                done(extension->bind(1, number).bind(2, fmt::format("Desk {}", row)).run());
                done(device->bind(1, fmt::format("001fc1{:06x}", row)).bind(2, number).run());
            }
            done(connection->run("commit"));
        });
    }
    std::filesystem::remove_all(folder);
    return seconds;
}

/// From the text of the file to its commit.
double import(std::size_t rows) {
    const auto folder = new_folder();
    const base::SystemClock clock;
    auto inventory = inventory::Inventory::open((folder / "pnp.sqlite3").string(), {}, clock);
    if (!inventory) {
        stop(inventory.error().what);
    }
    const auto csv = csv_of(rows);
    dialplan::ImportPlan plan;
    const auto planning = took([&] {
        plan = dialplan::plan_import(csv, (*inventory)->now(), {}, [](base::Mac) { return 4U; });
    });
    const auto applying = took([&] {
        if (auto done = (*inventory)->apply(plan.changes, "bench"); !done) {
            stop(done.error().what);
        }
    });
    std::string exported;
    const auto exporting = took([&] { exported = dialplan::export_csv((*inventory)->now()); });
    if (exported != csv) {
        stop("what was exported is not what was imported");
    }
    const auto again = took([&] {
        plan = dialplan::plan_import(csv, (*inventory)->now(), {}, [](base::Mac) { return 4U; });
    });
    if (!plan.changes.empty() || plan.unchanged != rows) {
        stop("importing it again would change something");
    }
    const Context context(rows);
    const auto now = (*inventory)->now();
    const auto asking = took([&] {
        for (const auto* extension : now.extensions()) {
            if (auto free = context.may_own(extension->number); !free) {
                stop(free.error().what);
            }
        }
    });
    fmt::print("{:6} rows: planned in {:.3f} s, applied in {:.3f} s, exported in {:.3f} s, planned "
               "again in {:.3f} s; and for {} numbers in a context of Asterisk's: {:.3f} s\n",
               rows, planning, applying, exporting, again, rows, asking);
    inventory->reset();
    std::filesystem::remove_all(folder);
    return planning + applying;
}

} // namespace

int main(int count, char** words) {
    const auto rows = count > 1 ? base::parse_number(words[1]).value_or(0) : 10'000;
    if (rows < 100) {
        stop("say at least 100 rows");
    }
    base::log::set_sink([](base::log::Level, std::string_view, std::string_view) {});
    const auto few = import(rows / 10);
    const auto all = import(rows);
    const auto bare = insert_bare(rows);
    fmt::print("{} rows: {:.2f} s of the processor, {:.1f} times as long as SQLite takes for them "
               "alone ({:.2f} s), {:.1f} times as long as {} rows\n",
               rows, all, all / bare, bare, all / few, rows / 10);
    return all / few > 20 ? 1 : 0;
}
