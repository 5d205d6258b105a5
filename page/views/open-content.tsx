// A look into a blob that is text: JSON, statements, lists of packages. What is large is not loaded.
import { useState } from 'preact/hooks';
import { api, blobUrl, type Descriptor, isLoggedIn } from '../api.ts';
import { type DocumentSummary, summarizeDocument } from '../documents.ts';
import { countText, sizeText } from '../format.ts';
import { useLoaded } from '../loaded.ts';
import { Facts, WhenHere } from '../parts.tsx';
import { type Column, Table } from '../table.tsx';

const largest = 4 << 20;
const texts = /json|yaml|xml|text\/|toml|spdx|cyclonedx|in-toto|simplesigning|pkcs7|jose/;
const archives = /tar|gzip|zstd|octet-stream/;

interface OpenProps {
  readonly name: string;
  readonly blob: Pick<Descriptor, 'digest' | 'size' | 'mediaType'>;
}

const columns: readonly Column[] = [{ name: 'Package' }, { name: 'Version' }, { name: 'Licence' }];

export function OpenContent({ name, blob }: OpenProps) {
  const [isOpen, setIsOpen] = useState(false);
  if (!texts.test(blob.mediaType) || archives.test(blob.mediaType)) return null;
  if (blob.size > largest) return <TooLarge name={name} blob={blob} />;
  return (
    <>
      {' '}
      <button type="button" class="small" aria-expanded={isOpen} onClick={() => setIsOpen(!isOpen)}>
        {isOpen ? 'Close' : 'Open'}
      </button>
      {isOpen && <Content name={name} digest={blob.digest} />}
    </>
  );
}

/** It is not loaded into the page: it is saved, or fetched by a client where one had to log in, whose password no link has. */
function TooLarge({ name, blob: { digest, size } }: OpenProps) {
  return (
    <small>
      {' '}
      {sizeText(size)} are too much to be shown here:{' '}
      {isLoggedIn() ? (
        <code class="whole">
          oras blob fetch --output FILE {location.host}/{name}@{digest}
        </code>
      ) : (
        <a href={blobUrl(name, digest)} download={digest.replace(':', '-')}>
          Download
        </a>
      )}
    </small>
  );
}

function Content({ name, digest }: { readonly name: string; readonly digest: string }) {
  const { loaded } = useLoaded(async () => summarizeDocument(await api.blob(name, digest)), [name, digest]);
  return <WhenHere loaded={loaded}>{(summary) => <Summary summary={summary} />}</WhenHere>;
}

function Summary({ summary: { kind, facts, packages, packageCount, text } }: { readonly summary: DocumentSummary }) {
  return (
    <div class="content">
      <Facts facts={[['Kind', kind], ...facts]} />
      {packages.length > 0 && (
        <details>
          <summary>{countText(packageCount, 'package')}</summary>
          <Table label="Packages" columns={columns}>
            {packages.map(({ name, version, licence }, index) => (
              <tr key={index}>
                <th scope="row">{name}</th>
                <td>{version}</td>
                <td>{licence}</td>
              </tr>
            ))}
          </Table>
          {packageCount > packages.length && (
            <p>{countText(packageCount - packages.length, 'more is', 'more are')} not shown.</p>
          )}
        </details>
      )}
      <details open={packages.length === 0}>
        <summary>Text</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled by the keyboard, too */}
        <pre tabIndex={0}>{text}</pre>
      </details>
    </div>
  );
}
