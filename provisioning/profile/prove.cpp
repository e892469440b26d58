// SPDX-License-Identifier: MIT
// Tries templates on sample phones, and finds the way back from a place in a rendered file to the
// template it came from.
#include "provisioning/profile/prove.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/profile/check.hpp"
#include "provisioning/profile/kx/lint.hpp"
#include "provisioning/profile/sample_phone.hpp"
#include "provisioning/profile/tags.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace profile {
namespace {

using base::Errc;
using base::fail;

constexpr std::size_t most_doubts = 20; // lines of a log

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

/// "FILE:LINE:COLUMN" of the template for a place in `file`, which it made of `model`.
std::string place_in_template(const ChainStep& step,
                              const std::vector<Piece>& pieces,
                              const Model& model,
                              const std::string& file,
                              const std::optional<Place>& place) {
    const Marked marked = with_marks(pieces);
    if (place && !marked.origins.empty()) {
        const auto again = Template::compile(marked.pieces, step.format);
        const auto text = again ? again->render(model) : base::Result<std::string>(std::string());
        if (text && without_marks(*text) == file) {
            return origin_of(*place, *text, marked);
        }
    }
    return pieces.empty() ? std::string("the template:1:1") : pieces.front().source->file + ":1:1";
}

base::Status refuse(const ChainStep& step,
                    const std::vector<Piece>& pieces,
                    const Model& model,
                    const std::string& file,
                    const std::string& what) {
    return fail(Errc::malformed, "{}: a sample phone would get a bad {}: {}",
                place_in_template(step, pieces, model, file, place_in(what)), step.pattern, what);
}

/// The last line of a KX file in the making that sets `name`, which is the one that is sent.
std::optional<Place> setting_in(std::string_view made, std::string_view name) {
    std::optional<Place> found;
    Place at;
    while (!made.empty()) {
        const auto line = made.substr(0, std::min(made.find('\n'), made.size() - 1) + 1);
        const auto text = base::trim(line);
        made.remove_prefix(line.size());
        if (text.size() > name.size() && text.substr(0, name.size()) == name &&
            text[name.size()] == '=') {
            found = Place{at.line, static_cast<int>(line.find(name)) + 1};
        }
        ++at.line;
    }
    return found;
}

constexpr std::string_view end_name = "may_end_provisioning"; // of [values]

/// No file can take PROVISION_ENABLE="N" back (guide 2.4.3.4), so it must be meant.
bool ends_unmeant(const Vendor& vendor, const ChainStep& step, std::string_view file) {
    const auto meant = vendor.values.find(std::string(end_name));
    return step.format == Format::kx && (meant == vendor.values.end() || meant->second != "yes") &&
           file.find("\r\nPROVISION_ENABLE=\"N\"\r\n") != std::string_view::npos;
}

base::Status refuse_the_end(const ChainStep& step,
                            const std::vector<Piece>& pieces,
                            const Model& model,
                            const std::string& made) {
    return fail(Errc::refused,
                "{}: PROVISION_ENABLE=\"N\" in {}: the phone would never fetch a file again, and "
                "only its own web page undoes that (guide §2.4.3.4); if it is meant, write {} = "
                "yes below [values] in a profile.conf of yours",
                place_in_template(step, pieces, model, made, setting_in(made, "PROVISION_ENABLE")),
                step.pattern, end_name);
}

/// One sample phone's files, all of them.
struct Whole {
    std::vector<kx::NamedFile> files;
    std::vector<std::string> made; ///< of each, as the template wrote it
    std::size_t size = 0;
};

base::Result<Whole> render_whole(const std::vector<Proof>& proofs, const Model& model) {
    Whole whole;
    for (const Proof& proof : proofs) {
        auto made = proof.ready->render(model);
        if (!made) {
            return tl::unexpected(made.error());
        }
        auto file = finish_file(*proof.step, *made);
        if (!file) {
            return tl::unexpected(file.error());
        }
        whole.size += file->size();
        whole.files.push_back({proof.step->pattern, std::move(*file)});
        whole.made.push_back(std::move(*made));
    }
    return whole;
}

std::string stem(std::string_view name) {
    return std::string(name.substr(0, name.find_last_not_of("0123456789") + 1));
}

/// The template file that the most text comes from.
std::string heaviest_source(const std::vector<Piece>& pieces) {
    std::map<const Source*, std::size_t> sizes;
    for (const Piece& piece : pieces) {
        sizes[piece.source] += piece.text.size();
    }
    const auto found =
        std::max_element(sizes.begin(), sizes.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    return found == sizes.end() ? std::string("the template") : found->first->file;
}

/// What is allowed and probably not meant; for line 1 it need not be said for line 2 again.
void tell_doubts(const Vendor& vendor,
                 const std::vector<Proof>& proofs,
                 const Model& model,
                 const Whole& whole,
                 std::set<std::string>& told) {
    for (const kx::Finding& finding : kx::lint_phone(whole.files)) {
        if (finding.severity != kx::Severity::warning ||
            !told.insert(finding.code + stem(finding.name)).second || told.size() > most_doubts) {
            continue;
        }
        std::string where = vendor.title + " phones";
        for (std::size_t i = 0; i < proofs.size(); ++i) {
            if (whole.files[i].name == finding.file) {
                where = place_in_template(*proofs[i].step, *proofs[i].pieces, model, whole.made[i],
                                          setting_in(whole.made[i], finding.name));
            }
        }
        base::log::warn("profile", "{}: {}: {} ({}, guide {})", where, finding.name, finding.what,
                        finding.code, finding.section);
    }
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
                    make(vendor, sample_phone(vendor, lines, transport, everything), "");
                if (!model) {
                    return tl::unexpected(model.error());
                }
                const auto made = ready.render(*model);
                if (!made) {
                    return tl::unexpected(made.error());
                }
                const auto file = finish_file(step, *made);
                if (!file) {
                    return refuse(step, pieces, *model, *made, file.error().what);
                }
                if (ends_unmeant(vendor, step, *file)) {
                    return refuse_the_end(step, pieces, *model, *made);
                }
            }
        }
    }
    return {};
}

base::Result<std::size_t> prove_together(const Vendor& vendor, const std::vector<Proof>& proofs) {
    std::size_t largest = 0;
    std::set<std::string> told;
    for (const bool everything : {true, false}) {
        const auto model = model_of(
            vendor,
            sample_phone(vendor, vendor.max_lines, vendor.sip_transports.front(), everything), "");
        const auto whole = model ? render_whole(proofs, *model)
                                 : base::Result<Whole>(tl::unexpected(model.error()));
        if (!whole) {
            return tl::unexpected(whole.error());
        }
        std::vector<std::size_t> sizes;
        for (const kx::NamedFile& file : whole->files) {
            sizes.push_back(file.text.size());
        }
        if (whole->size > kx::comfortable_size) {
            const auto heaviest = static_cast<std::size_t>(
                std::max_element(sizes.begin(), sizes.end()) - sizes.begin());
            return fail(Errc::refused,
                        "{}:1:1: the files of a sample phone have {} bytes together, and these "
                        "phones take 120 KB of them (guide §5.2.1); {} alone has {}: send fewer "
                        "settings",
                        heaviest_source(*proofs[heaviest].pieces), whole->size,
                        whole->files[heaviest].name, sizes[heaviest]);
        }
        largest = std::max(largest, whole->size);
        tell_doubts(vendor, proofs, *model, *whole, told);
    }
    return largest;
}

} // namespace profile
