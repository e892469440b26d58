// SPDX-License-Identifier: MIT
// pnpctl's own options by Boost.Program_options, which throws no further than this file.
#include "module/ctl/arguments.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>

#include <boost/program_options.hpp>

namespace ctl {
namespace {

namespace po = boost::program_options;

po::options_description own_options() {
    po::options_description options("Options, before the command");
    options.add_options()                                           //
        ("control", po::value<std::string>()->value_name("SOCKET"), //
         "the control socket (else $PNP_CONTROL, /run/pnp/pnp.ctl, /run/asterisk/pnp.ctl, "
         "/run/freeswitch/pnp.ctl, data/pnp.ctl here)") //
        ("json", "print one line of JSON")              //
        ("help,h", "show this and the commands")        //
        ("version", "show the version of pnpctl");
    return options;
}

/// How many arguments are ours: up to the first that is no option, nor an option's value.
std::size_t own_count(const std::vector<std::string>& arguments) {
    std::size_t i = 0;
    while (i < arguments.size() && arguments[i].starts_with('-') && arguments[i].size() > 1) {
        i += arguments[i] == "--control" ? 2U : 1U;
    }
    return std::min(i, arguments.size());
}

std::string explained(const po::error& error, const std::vector<std::string>& own) {
    constexpr std::array<std::string_view, 4> known{"--control", "--json", "--help", "--version"};
    std::string text = error.what();
    for (const std::string& argument : own) {
        if (const auto meant = base::nearest(argument, known);
            meant && argument != *meant && text.find(argument) != std::string::npos) {
            text += fmt::format("; did you mean '{}'?", *meant);
            break;
        }
    }
    return text + "; see pnpctl --help";
}

} // namespace

base::Result<Arguments> read_arguments(const std::vector<std::string>& arguments) {
    const auto split = arguments.begin() + static_cast<std::ptrdiff_t>(own_count(arguments));
    std::vector<std::string> own(arguments.begin(), split);
    Arguments out;
    out.words.assign(split, arguments.end());
    try {
        namespace style = po::command_line_style;
        po::variables_map given;
        // No guessing: an abbreviation would change its meaning when an option is added.
        const int spelling = style::unix_style & ~style::allow_guessing;
        po::store(po::command_line_parser(own)
                      .options(own_options())
                      .positional(po::positional_options_description())
                      .style(spelling)
                      .run(),
                  given);
        if (given.count("control") != 0) {
            out.control = given["control"].as<std::string>();
        }
        out.json = given.count("json") != 0;
        out.help = given.count("help") != 0;
        out.version = given.count("version") != 0;
    } catch (const po::error& error) {
        return base::fail(base::Errc::malformed, "{}", explained(error, own));
    }
    return out;
}

std::string own_help() {
    std::ostringstream out;
    out << "Usage: pnpctl [--control SOCKET] [--json] COMMAND...\n\n"
           "Asks a running pnpd, or a PBX with PBX PnP loaded, about its phones and orders what\n"
           "to do with them. Exit status: 0 done, 1 refused, 2 not understood, 3 not reached.\n\n"
        << own_options();
    return out.str();
}

} // namespace ctl
