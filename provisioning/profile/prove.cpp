// SPDX-License-Identifier: MIT
// Sample phones, and the way back from a place in a rendered file to the template it came from.
#include "provisioning/profile/prove.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/profile/check.hpp"
#include "provisioning/profile/tags.hpp"

#include <optional>

namespace profile {
namespace {

using base::Errc;
using base::fail;

/// What is awkward in XML cannot stand in a KX file at all: values with a " are refused there, and
/// most settings take plain ASCII only.
struct Awkward {
    std::string_view text;
    std::string_view name;
    std::string_view password;
};

Awkward awkward_in(Format format) {
    return format == Format::kx ? Awkward{"", "J\xC3\xBCrgen & \xE4\xBD\xA0", "s3cret#%{{x}}"}
                                : Awkward{"<&\">'", "J\xC3\xBCrgen <&\">' \xE4\xBD\xA0",
                                          "s3cr3t<&\">'\xC3\x9F{{x}}]]>"};
}

Facts sample(Format format, std::size_t lines, std::string_view transport, bool everything) {
    const auto awkward = awkward_in(format);
    Facts facts;
    facts.mac = base::Mac({0x00, 0x1f, 0xc1, 0x00, 0x00, 0x01});
    facts.model = fmt::format("UC{}9", awkward.text);
    facts.firmware = fmt::format("2.0{}", awkward.text);
    facts.host = base::Ipv4{0xC0'00'02'0A}; // 192.0.2.10, RFC 5737
    facts.provisioning_url = everything
                                 ? fmt::format("https://192.0.2.10:5481/p/a{}b/", awkward.text)
                                 : "http://192.0.2.10:5480/p/ab/";
    facts.url_user = everything ? facts.mac.str() : "";
    facts.url_password = everything ? fmt::format("a{}b", awkward.text) : "";
    facts.site.sip_transport = transport;
    facts.site.ntp_server = everything ? "{host}" : "none";
    facts.site.time_zone = everything ? "50" : "Nowhere/At_all";
    facts.site.pnp_after = everything ? "keep" : "off";
    facts.site.dial_plan = everything ? "1xx" : "";
    facts.site.dial_unmatched = everything ? "block" : "call";
    if (everything) {
        facts.site.keys = {{Key::Kind::line, "1", ""},
                           {Key::Kind::blf, "202", "J\xC3\xBCrgen"},
                           {Key::Kind::dial, "00123", "Taxi"},
                           {Key::Kind::headset, "", ""}};
    }
    for (std::size_t i = 0; i < lines; ++i) {
        facts.accounts.push_back(
            {std::to_string(201 + i), std::string(awkward.name), base::Secret(awkward.password)});
    }
    return facts;
}

constexpr char mark_begin = '\x01'; // the guard lets neither into a template, the model neither
constexpr char mark_end = '\x02';   // into a value

/// Where what follows a mark came from.
struct Origin {
    const Source* source = nullptr;
    Place place;
    bool is_value = false; ///< all of a value comes from the place of its tag
};

/// The template with a mark before each piece of a line: rendered, it tells where all came from.
struct Marked {
    std::vector<Piece> pieces;
    std::vector<Origin> origins;

    void mark(std::string& text, Origin origin) {
        text += mark_begin;
        text += std::to_string(origins.size());
        text += mark_end;
        origins.push_back(origin);
    }
};

Marked with_marks(const std::vector<Piece>& pieces) {
    Marked marked;
    for (const Piece& piece : pieces) {
        Place place{piece.line, piece.column};
        Piece text = piece;
        text.kind = Piece::Kind::text;
        text.text.clear();
        if (piece.kind == Piece::Kind::value) {
            marked.mark(text.text, {piece.source, place, true});
            marked.pieces.push_back(text);
        }
        if (piece.kind != Piece::Kind::text) {
            marked.pieces.push_back(piece);
        } else {
            std::string_view rest = piece.text;
            while (!rest.empty()) {
                const auto newline = rest.find('\n');
                const std::string_view line =
                    rest.substr(0, newline == std::string_view::npos ? rest.size() : newline + 1);
                marked.mark(text.text, {piece.source, place, false});
                text.text += line;
                place.pass(line);
                rest.remove_prefix(line.size());
            }
            marked.pieces.push_back(text);
        }
    }
    return marked;
}

/// "line L column C: …", as the checkers write it.
std::optional<Place> place_in(std::string_view error) {
    const auto number_behind = [&](std::string_view word) -> int {
        const auto at = error.find(word);
        if (at == std::string_view::npos) {
            return 0;
        }
        const std::string_view rest = error.substr(at + word.size());
        const auto digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
        const auto number = base::parse_number(rest.substr(0, digits));
        return number && *number < 1'000'000'000 ? static_cast<int>(*number) : 0;
    };
    const Place place{number_behind("line "), number_behind(" column ")};
    return place.line > 0 && place.column > 0 ? std::optional(place) : std::nullopt;
}

/// Walks the marked file up to `wanted` in the file without marks; gives "FILE:LINE:COLUMN".
std::string origin_of(Place wanted, std::string_view file, const Marked& marked) {
    Place at;
    std::size_t last = 0;
    Place since; // the mark's own place in the file
    for (std::size_t i = 0; i < file.size(); ++i) {
        if (file[i] == mark_begin) {
            const auto end = file.find(mark_end, i);
            last = static_cast<std::size_t>(
                base::parse_number(file.substr(i + 1, end - i - 1)).value_or(0));
            since = at;
            i = end;
            continue;
        }
        if (at.line > wanted.line || (at.line == wanted.line && at.column >= wanted.column)) {
            break;
        }
        at.pass(file.substr(i, 1));
    }
    const Origin& origin = marked.origins.at(last);
    const bool along = !origin.is_value && at.line == since.line;
    return fmt::format("{}:{}:{}", origin.source->file, origin.place.line,
                       origin.place.column + (along ? at.column - since.column : 0));
}

std::string without_marks(std::string_view file) {
    std::string out;
    for (std::size_t i = 0; i < file.size(); ++i) {
        if (file[i] == mark_begin) {
            i = file.find(mark_end, i);
        } else {
            out += file[i];
        }
    }
    return out;
}

base::Status refuse(const ChainStep& step,
                    const std::vector<Piece>& pieces,
                    const Model& model,
                    const std::string& file,
                    const std::string& what) {
    std::string where =
        pieces.empty() ? std::string("the template:1:1") : pieces.front().source->file + ":1:1";
    const Marked marked = with_marks(pieces);
    if (const auto place = place_in(what); place && !marked.origins.empty()) {
        const auto again = Template::compile(marked.pieces, step.format);
        const auto text = again ? again->render(model) : base::Result<std::string>(std::string());
        if (text && without_marks(*text) == file) {
            where = origin_of(*place, *text, marked);
        }
    }
    return fail(Errc::malformed, "{}: a sample phone would get a bad {}: {}", where, step.pattern,
                what);
}

} // namespace

base::Status prove(const Vendor& vendor,
                   const ChainStep& step,
                   const std::vector<Piece>& pieces,
                   const Template& ready,
                   MakeModel make) {
    for (const std::size_t lines : {std::size_t{1}, vendor.max_lines, std::size_t{0}}) {
        for (const std::string_view transport : vendor.sip_transports) {
            for (const bool everything : {true, false}) {
                const auto model =
                    make(vendor, sample(step.format, lines, transport, everything), "");
                if (!model) {
                    return tl::unexpected(model.error());
                }
                const auto file = ready.render(*model);
                if (!file) {
                    return tl::unexpected(file.error());
                }
                if (const auto good = finish_file(step, *file); !good) {
                    return refuse(step, pieces, *model, *file, good.error().what);
                }
            }
        }
    }
    return {};
}

} // namespace profile
