// SPDX-License-Identifier: MIT
// What pnpctl reads and writes here, as its own user, for a command that runs over there.
#include "module/ctl/input.hpp"

#include "module/ctl/call.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <system_error>

#include <termios.h>
#include <unistd.h>

namespace ctl {
namespace {

constexpr std::size_t max_password = 4096;

// What a signal must put back while a password is typed: a terminal without echo is no use.
termios terminal_before{};
int terminal = -1;

extern "C" void put_terminal_back(int signal) {
    ::tcsetattr(terminal, TCSANOW, &terminal_before);
    std::signal(signal, SIG_DFL);
    ::raise(signal);
}

/// While it lives, what is typed at `fd` does not show.
class NoEcho {
  public:
    explicit NoEcho(int fd) {
        if (::tcgetattr(fd, &terminal_before) != 0) {
            return; // no terminal
        }
        terminal = fd;
        for (std::size_t i = 0; i < signals.size(); ++i) {
            before_[i] = std::signal(signals[i], put_terminal_back);
        }
        termios quiet = terminal_before;
        quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        ::tcsetattr(fd, TCSAFLUSH, &quiet);
        say("Password: ");
    }

    NoEcho(const NoEcho&) = delete;
    NoEcho& operator=(const NoEcho&) = delete;

    ~NoEcho() {
        if (terminal < 0) {
            return;
        }
        ::tcsetattr(terminal, TCSAFLUSH, &terminal_before);
        for (std::size_t i = 0; i < signals.size(); ++i) {
            std::signal(signals[i], before_[i]);
        }
        terminal = -1;
        say("\n");
    }

  private:
    static void say(std::string_view text) {
        [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
    }

    static constexpr std::array<int, 4> signals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    std::array<void (*)(int), signals.size()> before_{};
};

base::Error cannot_read(int error) {
    return {base::Errc::io, fmt::format("standard input cannot be read: {}",
                                        std::system_category().message(error))};
}

base::Result<base::Secret> read_line(int fd) {
    const NoEcho quiet(fd);
    std::array<char, max_password> line{};
    std::size_t size = 0;
    // One byte at a time: what stands behind the line is for whoever reads next.
    while (size < line.size()) {
        const ssize_t got = ::read(fd, &line[size], 1);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return tl::unexpected(cannot_read(errno));
        }
        if (got == 0 || line[size] == '\n') {
            break;
        }
        ++size;
    }
    base::Secret out(std::string_view(line.data(), size));
    ::explicit_bzero(line.data(), line.size());
    if (out.size() == max_password) {
        return base::fail(base::Errc::refused, "the password has more than {} characters",
                          max_password - 1);
    }
    return out;
}

/// A place behind a command's words, from 0; where there is none, the daemon says how the command
/// is used.
std::optional<std::string> place_behind(const std::vector<std::string>& words,
                                        std::initializer_list<std::string_view> command,
                                        std::size_t index = 0) {
    auto at = words.begin();
    if (at != words.end() && *at == "pnp") {
        ++at;
    }
    for (const auto word : command) {
        if (at == words.end() || *at++ != word) {
            return std::nullopt;
        }
    }
    for (; at != words.end(); ++at) {
        if (*at == "--host" && at + 1 != words.end()) {
            ++at; // and its value
        } else if (!at->starts_with("--") && index-- == 0) {
            return *at;
        }
    }
    return std::nullopt;
}

} // namespace

base::Result<base::Secret> read_all_input(int fd) {
    std::string all;
    std::array<char, 16384> piece{};
    while (true) {
        const ssize_t got = ::read(fd, piece.data(), piece.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return tl::unexpected(cannot_read(errno));
        }
        if (got == 0) {
            return base::Secret(all);
        }
        all.append(piece.data(), static_cast<std::size_t>(got));
        if (all.size() > max_input) {
            return base::fail(base::Errc::refused, "more than {} bytes of input; split the file",
                              max_input);
        }
    }
}

base::Result<base::Secret> read_input(const std::vector<std::string>& words, int standard_input) {
    if (const auto file = place_behind(words, {"import"})) {
        if (*file == "-") {
            return read_all_input(standard_input);
        }
        auto text = base::read_file(*file, max_input);
        if (!text) {
            return tl::unexpected(text.error());
        }
        return base::Secret(*text);
    }
    if (std::find(words.begin(), words.end(), "--password-stdin") != words.end()) {
        return read_line(standard_input);
    }
    return base::Secret();
}

base::Result<std::string> write_output(const std::vector<std::string>& words,
                                       const std::vector<base::NewFile>& files) {
    const auto tftp = place_behind(words, {"export", "tftp"});
    const auto card = place_behind(words, {"export", "sdcard"}, 1);
    if ((!tftp && !card) || files.empty()) {
        return std::string();
    }
    const bool replace = std::find(words.begin(), words.end(), "--replace") != words.end();
    return tftp ? base::write_new_files(*tftp, files, base::Readers::all, replace)
                : base::write_new_files(*card, files, base::Readers::owner, replace);
}

} // namespace ctl
