// SPDX-License-Identifier: MIT
// The stand-alone daemon: the engine without a PBX around it.
#include "module/host.h"
#include "module/settings.hpp"

#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <syslog.h>
#include <unistd.h>

namespace po = boost::program_options;

namespace {

constexpr const char* default_config = "/etc/pnp/pnp.conf";
constexpr const char* default_data = "/var/lib/pnp";
constexpr const char* default_control = "/run/pnp/pnp.ctl";

void log_line(void* to_syslog, pnp_level level, const char* room, const char* text) {
    static constexpr std::array<const char*, 4> words = {"debug", "info", "WARN", "ERROR"};
    static constexpr std::array<int, 4> priorities = {LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERR};
    if (to_syslog != nullptr) {
        ::syslog(priorities.at(level), "%s: %s", room, text);
    } else {
        std::fprintf(stderr, "%-5s %s: %s\n", words.at(level), room, text);
    }
}

po::options_description command_line() {
    po::options_description options("Options");
    options.add_options()("help,h", "show this and the options of pnp.conf")("version",
                                                                             "show the version")(
        "config", po::value<std::string>()->value_name("FILE"),
        fmt::format("pnp.conf (default {})", default_config).c_str())(
        "data", po::value<std::string>()->value_name("DIR"),
        fmt::format("where pnp.sqlite3 lies (default {})", default_data).c_str())(
        "interface", po::value<std::vector<std::string>>()->composing()->value_name("NAME"),
        "serve phones on this interface or address; may be repeated (default: auto)")(
        "http", po::value<std::string>()->value_name("PORT"), "TCP port of the file server")(
        "control", po::value<std::string>()->value_name("SOCKET"),
        fmt::format("socket of pnpctl (default {})", default_control).c_str())(
        "foreground",
        "log to standard error and stay; else log to syslog and go to the background")(
        "sample", "print a pnp.conf with every option and its default");
    return options;
}

void print_help(const po::options_description& options) {
    std::cout << "Usage: pnpd [OPTION…]\n\n"
                 "Onboards desk phones that are plugged into this machine's networks: hears their\n"
                 "SIP PnP request, offers each approved one its own URL and serves its files.\n\n"
              << options << "\nOptions of pnp.conf:\n";
    std::string_view section;
    for (const auto& option : engine::option_table()) {
        if (option.section != section) {
            section = option.section;
            std::cout << fmt::format("[{}{}]\n", section, section == "general" ? "" : " NAME");
        }
        std::cout << fmt::format(
            "  {:<28} {}{}\n", option.name, option.help,
            option.fallback.empty() ? "" : fmt::format(" Default: {}.", option.fallback));
    }
    std::cout << "\nAdminister it with pnpctl: pnpctl status, pnpctl show devices, "
                 "pnpctl assign MAC EXT.\n";
}

/// Makes the folder of a file or of the data; what is wrong shows when it is used.
void make_folder(const std::filesystem::path& folder) {
    std::error_code ignored;
    if (!folder.empty() && !std::filesystem::exists(folder, ignored)) {
        std::filesystem::create_directories(folder, ignored);
        std::filesystem::permissions(folder,
                                     std::filesystem::perms::owner_all |
                                         std::filesystem::perms::group_read |
                                         std::filesystem::perms::group_exec,
                                     ignored);
    }
}

/// Each connection of a phone is a descriptor, and the usual soft limit of 1024 is less than what
/// http_connections allows; with none left there is no way in for pnpctl either.
void allow_all_descriptors() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/// The way to the background. The process that was called stays until the other one says how the
/// start went, so that whoever called it sees the status and the sentence.
class Background {
  public:
    enum class Side : std::uint8_t { failed, caller, background };

    Side go() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
            return Side::failed;
        }
        const pid_t child = ::fork();
        if (child < 0) {
            return Side::failed;
        }
        if (child > 0) {
            ::close(ends[1]);
            from_ = ends[0];
            return Side::caller;
        }
        ::close(ends[0]);
        to_ = ends[1];
        ::setsid();
        const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
        for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
            ::dup2(nowhere, standard);
        }
        return Side::background;
    }

    /// For the caller: what the other one said, and the exit status.
    int wait() const {
        std::string said;
        std::array<char, 1024> piece{};
        ssize_t got = 0;
        while ((got = ::read(from_, piece.data(), piece.size())) > 0 ||
               (got < 0 && errno == EINTR)) {
            said.append(piece.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        }
        if (said == ready) {
            return 0;
        }
        std::cerr << "pnpd: " << (said.empty() ? "ended at its start; see the system's log" : said)
                  << '\n';
        return 1;
    }

    void failed(std::string_view why) { say(why); }

    void started() { say(ready); }

  private:
    static constexpr std::string_view ready = "\n";

    void say(std::string_view text) {
        if (to_ >= 0) {
            [[maybe_unused]] const auto written = ::write(to_, text.data(), text.size());
            ::close(std::exchange(to_, -1));
        }
    }

    int from_ = -1;
    int to_ = -1;
};

/// Overwrites what calls left below on this thread's stack. The dynamic linker saves all vector
/// registers there when it resolves a function at its first call, in the midst of a copy of
/// whatever the caller had in them.
[[gnu::noinline]] void wipe_stack_below() noexcept {
    std::array<char, 128UL * 1024> below; // as deep as the reading of the configuration, and more
    ::explicit_bzero(below.data(), below.size());
}

int run(int argc, char** argv) {
    const auto options = command_line();
    po::variables_map given;
    try {
        po::store(po::command_line_parser(argc, argv)
                      .options(options)
                      .positional(po::positional_options_description())
                      .run(),
                  given);
    } catch (const po::error& error) {
        std::cerr << "pnpd: " << error.what() << "; see pnpd --help\n";
        return 2;
    }
    if (given.count("help") != 0) {
        print_help(options);
        return 0;
    }
    if (given.count("version") != 0) {
        std::cout << "pnpd " PNP_VERSION "\n";
        return 0;
    }
    if (given.count("sample") != 0) {
        std::cout << engine::sample_file();
        return 0;
    }
    const auto value = [&](const char* name, const char* otherwise) {
        return given.count(name) != 0 ? given[name].as<std::string>() : std::string(otherwise);
    };
    const auto config = value("config", default_config);
    if (given.count("config") != 0 && ::access(config.c_str(), R_OK) != 0) {
        std::cerr << "pnpd: cannot read " << config
                  << "; `pnpd --sample` prints one to start from\n";
        return 2;
    }
    const auto data = value("data", default_data);
    const auto control = value("control", default_control);
    make_folder(data);
    make_folder(std::filesystem::path(control).parent_path());

    std::vector<std::string> overrides;
    if (given.count("data") != 0) {
        overrides.push_back("data=" + data);
    }
    if (given.count("control") != 0) {
        overrides.push_back("control=" + control);
    }
    if (given.count("http") != 0) {
        overrides.push_back("http_port=" + given["http"].as<std::string>());
    }
    if (given.count("interface") != 0) {
        overrides.push_back(fmt::format(
            "interfaces={}", fmt::join(given["interface"].as<std::vector<std::string>>(), ",")));
    }
    std::vector<const char*> override_list;
    override_list.reserve(overrides.size() + 1);
    for (const auto& one : overrides) {
        override_list.push_back(one.c_str());
    }
    override_list.push_back(nullptr);

    const bool foreground = given.count("foreground") != 0;
    Background background;
    if (!foreground) {
        switch (background.go()) {
        case Background::Side::failed:
            std::cerr << "pnpd: cannot go to the background; use --foreground\n";
            return 1;
        case Background::Side::caller:
            return background.wait();
        case Background::Side::background:
            ::openlog("pnpd", LOG_PID, LOG_DAEMON);
        }
    }
    allow_all_descriptors();

    // Blocked before any thread starts, so that only sigwait below sees them.
    sigset_t signals;
    ::sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) {
        ::sigaddset(&signals, signal);
    }
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    ::sigdelset(&signals, SIGPIPE);

    static char in_background = 0;
    pnp_host host{};
    host.version = PNP_HOST_VERSION;
    host.name = "pnpd";
    host.config_file = config.c_str();
    host.overrides = override_list.data();
    host.data_dir = data.c_str();
    host.control = control.c_str();
    host.context = foreground ? nullptr : &in_background;
    host.log = log_line;

    pnp_engine* engine = nullptr;
    std::array<char, 1024> why{};
    if (engine_start(&host, &engine, why.data(), why.size()) != 0) {
        log_line(host.context, PNP_ERROR, "pnpd", why.data());
        background.failed(why.data());
        return 1;
    }
    wipe_stack_below();
    ::malloc_trim(0); // what was needed to read a large inventory lies between what stays
    background.started();
    log_line(host.context, PNP_INFO, "pnpd", "started; SIGHUP reads the configuration again");
    for (int signal = 0; ::sigwait(&signals, &signal) == 0;) {
        if (signal != SIGHUP) {
            break;
        }
        if (engine_reload(engine, why.data(), why.size()) != 0) {
            log_line(host.context, PNP_ERROR, "pnpd", why.data());
        }
        wipe_stack_below();
    }
    log_line(host.context, PNP_INFO, "pnpd", "stopping");
    engine_stop(engine);
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    // One heap for all threads: with one each, a site that starts grows the loop's a page at a
    // time.
    ::mallopt(M_ARENA_MAX, 1);
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "pnpd: " << error.what() << '\n';
        return 1;
    }
}
