// SPDX-License-Identifier: MIT
// pnp-phone: plays one desk phone, or many alike, and says how far they came.
#include "module/phone/crowd.hpp"
#include "module/phone/options.hpp"
#include "module/phone/phone.hpp"
#include "module/phone/storm.hpp"

#include <csignal>
#include <cstdio>
#include <exception>

#include <sys/signalfd.h>

namespace {

/// SIGTERM and SIGINT as a descriptor the phone can wait for beside its sockets.
base::Fd stop_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    return base::Fd(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
}

int storm(const phone::Options& options, int stop_fd) {
    const auto report =
        phone::run_storm(options.settings, options.phones, options.per_second, stop_fd);
    if (!report) {
        fmt::print(stderr, "pnp-phone: {}\n", report.error().what);
        return static_cast<int>(phone::Exit::local_problem);
    }
    fmt::print("{}\n", report->json().dump());
    return static_cast<int>(report->right == report->phones ? phone::Exit::configured
                                                            : phone::Exit::held);
}

int run(int count, char** words) {
    const auto options = phone::parse_options(count, words);
    if (!options) {
        fmt::print(stderr, "pnp-phone: {}; --help says more\n", options.error().what);
        return static_cast<int>(phone::Exit::usage);
    }
    if (options->help) {
        fmt::print("{}", phone::help_text());
        return 0;
    }
    std::signal(SIGPIPE, SIG_IGN);
    const auto stop = stop_signals();
    auto* out = options->json ? stderr : stdout;
    if (options->storms) {
        return storm(*options, stop.get());
    }
    if (options->phones > 1) {
        const auto report =
            phone::run_crowd(options->settings, options->phones, stop.get(),
                             [out](std::string_view line) { fmt::print(out, "{}\n", line); });
        if (options->json) {
            fmt::print("{}\n", report.json().dump());
        }
        return static_cast<int>(report.exit);
    }
    phone::Trace trace([out](std::string_view line) {
        fmt::print(out, "{}\n", line);
        std::fflush(out); // whoever reads a pipe wants to see it happen
    });
    const auto report = phone::Phone(options->settings, trace, stop.get()).run();
    if (options->json) {
        fmt::print("{}\n", report.json().dump());
    }
    return static_cast<int>(report.exit);
}

} // namespace

int main(int count, char** words) {
    try {
        return run(count, words);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "pnp-phone: %s\n", error.what());
        return static_cast<int>(phone::Exit::local_problem);
    }
}
