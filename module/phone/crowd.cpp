// SPDX-License-Identifier: MIT
#include "module/phone/crowd.hpp"

#include <algorithm>
#include <thread>

#include <sys/resource.h>

namespace phone {

namespace {

constexpr std::size_t most_problems = 20;

/// Each phone has a handful of sockets; the usual limit is 1024 for all.
void raise_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

Settings settings_of(const Settings& settings, int number) {
    auto one = settings;
    one.identity.mac =
        base::Mac::from_number(settings.identity.mac.number() + static_cast<std::uint64_t>(number));
    if (settings.address) {
        one.address = base::Ipv4{settings.address->value + static_cast<std::uint32_t>(number)};
    }
    return one;
}

Report live(const Settings& settings, int stop_fd) {
    try {
        Trace silent([](std::string_view) {});
        return Phone(settings, silent, stop_fd).run();
    } catch (const std::exception& error) {
        Report report;
        report.message = error.what();
        return report;
    }
}

void add(CrowdReport& sum, const Report& report) {
    ++sum.outcomes[std::string(exit_name(report.exit))];
    sum.restarts += report.restarts;
    sum.accounts_registered +=
        static_cast<int>(std::count_if(report.accounts.begin(), report.accounts.end(),
                                       [](const Report::Line& line) { return line.registered; }));
    if (report.workpoint) {
        sum.workpoint.add(*report.workpoint);
        sum.firsts.push_back(report.workpoint->first);
    }
    if (report.exit != Exit::configured) {
        sum.exit = std::max(sum.exit, report.exit);
        if (sum.problems.size() < most_problems) {
            sum.problems.push_back(fmt::format("{}: {}", report.mac, report.message));
        }
    }
}

} // namespace

base::Json CrowdReport::json() const {
    auto outcomes_json = base::Json::object();
    for (const auto& [name, count] : outcomes) {
        outcomes_json.set(name, count);
    }
    auto problems_json = base::Json::array();
    for (const auto& problem : problems) {
        problems_json.push(problem);
    }
    const auto first = [this](std::size_t per_cent) {
        return std::int64_t{firsts.empty() ? 0
                                           : firsts[(firsts.size() - 1) * per_cent / 100].count()};
    };
    return base::Json::object({{"phones", phones},
                               {"outcomes", outcomes_json},
                               {"workpoint", workpoint.json()},
                               {"accounts_registered", accounts_registered},
                               {"restarts", restarts},
                               {"first_ms_median", first(50)},
                               {"first_ms_95", first(95)},
                               {"first_ms_last", first(100)},
                               {"milliseconds", std::int64_t{took.count()}},
                               {"problems", problems_json},
                               {"exit_status", static_cast<int>(exit)}});
}

CrowdReport run_crowd(const Settings& settings,
                      int phones,
                      int stop_fd,
                      const std::function<void(std::string_view)>& tell) {
    raise_limit();
    const auto start = std::chrono::steady_clock::now();
    std::vector<Report> reports(static_cast<std::size_t>(phones));
    std::vector<std::thread> threads;
    threads.reserve(reports.size());
    for (int number = 0; number < phones; ++number) {
        threads.emplace_back([&, number] {
            reports[static_cast<std::size_t>(number)] =
                live(settings_of(settings, number), stop_fd);
        });
    }
    tell(fmt::format("{} phones are plugged in", phones));
    for (auto& thread : threads) {
        thread.join();
    }
    CrowdReport sum;
    sum.phones = phones;
    for (const auto& report : reports) {
        add(sum, report);
    }
    std::sort(sum.firsts.begin(), sum.firsts.end());
    sum.took = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - start);
    std::string ends;
    for (const auto& [name, count] : sum.outcomes) {
        ends += fmt::format("{}{} {}", ends.empty() ? "" : ", ", count, name);
    }
    tell(fmt::format("{} ms: {}", sum.took.count(), ends));
    for (const auto& problem : sum.problems) {
        tell(problem);
    }
    return sum;
}

} // namespace phone
