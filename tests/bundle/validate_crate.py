"""Judge an RO-Crate by the public validator, without a network; run by the environment that make setup makes for it.

The validator brings its profiles along and fetches the crate's JSON-LD context. Here it is given the part of it that
our description may use: terms of RO-Crate 1.1 with their addresses as published there. A term that is not among them
is found by the validator, as it would be with the whole context.

Usage: validate_crate.py CRATE.zip LEVEL, with LEVEL one of REQUIRED, RECOMMENDED; the findings are printed as JSON.
"""

# ruff: noqa: PLC0415, T201

import json
import socket
import sys

CONTEXT = "https://w3id.org/ro/crate/1.1/context"
SCHEMA_ORG = (
    "CreateAction CreativeWork ComputerLanguage Dataset Organization Person PropertyValue ScholarlyArticle "
    "SoftwareApplication SoftwareSourceCode about additionalType author citation contentSize datePublished description "
    "encodingFormat endTime exampleOfWork hasPart instrument license mainEntity mentions name object "
    "programmingLanguage result softwareRequirements softwareVersion startTime url value "
    "valueRequired version workExample"
)
TERMS = {
    **{term: f"http://schema.org/{term}" for term in SCHEMA_ORG.split()},
    "File": "http://schema.org/MediaObject",
    "conformsTo": "http://purl.org/dc/terms/conformsTo",
    "ComputationalWorkflow": "https://bioschemas.org/ComputationalWorkflow",
    "FormalParameter": "https://bioschemas.org/FormalParameter",
    "input": "https://bioschemas.org/ComputationalWorkflow#input",
    "output": "https://bioschemas.org/ComputationalWorkflow#output",
}


def get(_, url, **__):
    """Answer for the context alone; nothing else is on the network here."""
    import requests

    response = requests.Response()
    response.url = str(url)
    response.status_code = 200 if url == CONTEXT else 504
    response.headers["Content-Type"] = "application/ld+json"
    response._content = json.dumps({"@context": TERMS}).encode()
    return response


def refuse(*arguments, **_):
    raise OSError(f"no network in a test: {arguments}")


def main(crate, level):
    from rocrate_validator import services
    from rocrate_validator.utils.http import HttpRequester

    socket.socket.connect = refuse
    HttpRequester.get = get
    settings = services.ValidationSettings(
        rocrate_uri=crate,
        profile_identifier="workflow-run-crate",
        requirement_severity=level,
        offline=True,
    )
    result = services.validate(settings)
    found = [f"{issue.severity.name} {issue.check.identifier}: {issue.message}" for issue in result.get_issues()]
    print(json.dumps({"checks": len(result.executed_checks), "found": sorted(found)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
