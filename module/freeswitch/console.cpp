// SPDX-License-Identifier: MIT
// `pnp …` on FreeSWITCH's console, in fs_cli and wherever else its API is reached.
#include "module/freeswitch/module.hpp"
#include "module/freeswitch/stack.hpp"

#include <exception>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace freeswitch {

namespace {

/// Words apart by blanks; "…" and '…' keep blanks together, and a backslash keeps the next letter.
std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> out;
    std::string word;
    bool is_open = false; // "" is a word
    char quote = '\0';
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char letter = text[at];
        if (letter == '\\' && quote != '\'' && at + 1 < text.size()) {
            word += text[++at];
            is_open = true;
        } else if (quote != '\0') {
            if (letter == quote) {
                quote = '\0';
            } else {
                word += letter;
            }
        } else if (letter == '"' || letter == '\'') {
            quote = letter;
            is_open = true;
        } else if (letter == ' ' || letter == '\t' || letter == '\r' || letter == '\n') {
            if (is_open) {
                out.push_back(std::move(word));
            }
            word.clear();
            is_open = false;
        } else {
            word += letter;
            is_open = true;
        }
    }
    if (is_open) {
        out.push_back(std::move(word));
    }
    return out;
}

void append(void* to, const char* text) {
    *static_cast<std::string*>(to) += text;
}

/// Status 0 = done, with its text in `out`.
int run(const std::vector<std::string>& words, std::string& out) {
    std::vector<const char*> list;
    list.reserve(words.size());
    for (const auto& word : words) {
        list.push_back(word.c_str());
    }
    int status = 1;
    const bool ran = on_own_stack([&] {
        status = engine_command(loaded->engine, static_cast<int>(list.size()), list.data(),
                                "console", append, &out);
    });
    if (!ran) {
        out = "There is no thread to run this; look at the system's limits.\n";
    }
    return status;
}

void complete(void* /*to*/, const char* words, const char* /*usage*/, const char* /*help*/) {
    set_complete(fmt::format("add pnp {}", words).c_str());
}

} // namespace

Status run_command(const char* text, Session* /*session*/, Stream* stream) {
    try {
        const std::shared_lock running(commands_run);
        if (loaded == nullptr) {
            stream->write(stream, "%s", "-ERR mod_pnp is being unloaded.\n");
            return success;
        }
        std::string out;
        // Scripts know by the first letters that something failed.
        const auto words = split(text == nullptr ? "" : text);
        if (words == std::vector<std::string>{"status"}) {
            for (const auto& problem : loaded->problems) {
                out += fmt::format("! FreeSWITCH: {}\n", problem);
            }
        }
        const char* mark = run(words, out) == 0 ? "" : "-ERR ";
        stream->write(stream, "%s%s", mark, out.c_str());
        ::explicit_bzero(out.data(), out.size()); // --reveal
    } catch (const std::exception& error) {
        stream->write(stream, "-ERR %s\n", error.what());
    }
    return success;
}

void add_completion() {
    engine_commands(complete, nullptr);
}

void remove_completion() {
    set_complete("del pnp");
}

} // namespace freeswitch
