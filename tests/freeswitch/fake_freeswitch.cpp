// SPDX-License-Identifier: MIT
// The host as a program for the end-to-end tests: it loads mod_pnp.so and does what standard input
// says, a line each, words apart by tabs. Each reply is its length, a line end, and its text.
#include "freeswitch/fake_host.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <sstream>

namespace {

std::vector<std::string> words_of(const std::string& line) {
    std::vector<std::string> out;
    std::istringstream rest(line);
    for (std::string word; std::getline(rest, word, '\t');) {
        out.push_back(word);
    }
    out.resize(std::max<std::size_t>(out.size(), 3));
    return out;
}

fake::Headers headers_of(const std::vector<std::string>& words) {
    fake::Headers out;
    for (std::size_t at = 2; at < words.size(); ++at) {
        const auto middle = words[at].find('=');
        if (middle != std::string::npos) {
            out[words[at].substr(0, middle)] = words[at].substr(middle + 1);
        }
    }
    return out;
}

/// The NOTIFYs that came after the first `told` events: NAME=VALUE with tabs, a line each. Without
/// a user mod_sofia sends none.
std::string notifies(const fake::Host& host, std::size_t& told) {
    std::string out;
    const auto all = host.fired();
    for (; told < all.size(); ++told) {
        if (all[told].id == 57 && all[told].headers.count("user") > 0) {
            for (const auto& [name, value] : all[told].headers) {
                out.append(name).append("=").append(value).append("\t");
            }
            out += '\n';
        }
    }
    return out;
}

std::string logged(const fake::Host& host) {
    std::string out;
    for (const auto& one : host.logged()) {
        out += one.text;
    }
    return out;
}

std::string fired(const fake::Host& host) {
    std::string out;
    for (const auto& one : host.fired()) {
        for (const auto& [name, value] : one.headers) {
            out.append(name).append("=").append(value).append("\n");
        }
    }
    return out;
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "Usage: fake_freeswitch DOCUMENT\n";
        return 2;
    }
    std::ifstream file(argv[1]);
    std::stringstream document;
    document << file.rdbuf();
    fake::Host host(document.str());
    std::size_t told = 0;
    for (std::string line; std::getline(std::cin, line);) {
        const auto words = words_of(line);
        std::string reply = "?";
        if (words[0] == "load") {
            reply = std::to_string(host.load(MOD_PNP));
        } else if (words[0] == "unload") {
            reply = std::to_string(host.unload());
        } else if (words[0] == "pnp") {
            reply = host.pnp(words[1]);
        } else if (words[0] == "user") {
            reply = host.user(words[1], words[2]).value_or("");
        } else if (words[0] == "call") {
            reply = host.call(words[1], words[2]).value_or("");
        } else if (words[0] == "event") {
            host.event(words[1], headers_of(words));
            reply = "";
        } else if (words[0] == "notifies") {
            reply = notifies(host, told);
        } else if (words[0] == "logged") {
            reply = logged(host);
        } else if (words[0] == "fired") {
            reply = fired(host);
        }
        std::cout << reply.size() << '\n' << reply << std::flush;
    }
    std::cerr << logged(host);
    return 0;
}
