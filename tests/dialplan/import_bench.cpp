// SPDX-License-Identifier: MIT
// What an import costs the processor from the file to the disk, and that ten times the rows take
// about ten times as long: import_bench [ROWS]. Exit status 1: they take more than twenty times as
// long.
#include "dialplan/import.hpp"
#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
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

/// From the text of the file to its commit.
double import(std::size_t rows) {
    std::string pattern = (std::filesystem::temp_directory_path() / "pnp-bench-XXXXXX").string();
    const std::filesystem::path folder = ::mkdtemp(pattern.data());
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
    fmt::print("{:6} rows: planned in {:.3f} s, applied in {:.3f} s, exported in {:.3f} s, planned "
               "again in {:.3f} s\n",
               rows, planning, applying, exporting, again);
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
    fmt::print("{} rows took {:.1f} times as long as {}\n", rows, all / few, rows / 10);
    return all / few > 20 ? 1 : 0;
}
