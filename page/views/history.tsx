// What a tag meant over time, and the way back.
import { api, type Moves } from '../api.ts';
import { shortDigest } from '../format.ts';
import { useLive } from '../live.ts';
import { useLoaded } from '../loaded.ts';
import { Age, ConfirmButton, DigestText, Title, Trail, WhenHere } from '../parts.tsx';
import { hrefOf, imageName } from '../route.ts';
import { type Column, Table } from '../table.tsx';

type Move = Moves['moves'][number];

const hows: Readonly<Record<Move['how'], string>> = {
  push: 'pushed',
  delete: 'deleted',
  retention: 'taken away by a rule',
  foreign: 'changed by another program',
  rollback: 'put back',
};

interface HistoryProps {
  readonly name: string;
  readonly tag: string;
}

const columns: readonly Column[] = [
  { name: 'When' },
  { name: 'What happened' },
  { name: 'From' },
  { name: 'To' },
  { name: 'Actions', isHidden: true },
];

export function HistoryView({ name, tag }: HistoryProps) {
  const { loaded, again } = useLoaded(async () => {
    const [{ moves }, { may }] = await Promise.all([api.moves(name, tag), api.repository(name)]);
    return { moves, may };
  }, [name, tag]);
  useLive((repository) => repository === name, again);
  return (
    <>
      <Trail name={name}>
        <a href={hrefOf({ view: 'image', name, reference: tag })}>{tag}</a>
      </Trail>
      <Title>History of {imageName(name, tag)}</Title>
      <WhenHere loaded={loaded} again={again}>
        {({ moves, may }) =>
          moves.length === 0 ? (
            <p>Nothing is known of it. What was there before moorage served it has no history.</p>
          ) : (
            <MoveTable name={name} tag={tag} moves={moves} mayPush={may.push} onMoved={again} />
          )
        }
      </WhenHere>
    </>
  );
}

interface MoveTableProps extends HistoryProps {
  readonly moves: readonly Move[];
  readonly mayPush: boolean;
  readonly onMoved: () => void;
}

function MoveTable({ name, tag, moves, mayPush, onMoved }: MoveTableProps) {
  const now = moves[0]?.to;
  const shown = (digest: string | undefined) =>
    digest === undefined ? 'nothing' : <DigestText {...{ digest, name }} />;
  return (
    <Table label="Moves" columns={columns}>
      {moves.map(({ at, how, from, to }, index) => (
        <tr key={moves.length - index}>
          <td>
            <Age time={at} />
          </td>
          <td>{hows[how]}</td>
          <td>{shown(from)}</td>
          <td>{shown(to)}</td>
          <td class="actions">
            {from !== undefined && to !== undefined && <CompareLink {...{ name, from, to }} />}
            {mayPush && from !== undefined && from !== now && <RollBack {...{ name, tag, onMoved }} to={from} />}
          </td>
        </tr>
      ))}
    </Table>
  );
}

function CompareLink({ name, from, to }: { readonly name: string; readonly from: string; readonly to: string }) {
  return (
    <a
      href={hrefOf({ view: 'compare', name, from, to })}
      aria-label={`Compare ${shortDigest(to)} with what it was before, ${shortDigest(from)}`}
    >
      Compare
    </a>
  );
}

function RollBack({ name, tag, to, onMoved }: HistoryProps & { to: string; onMoved: () => void }) {
  const act = async () => {
    await api.rollBack(name, tag, to);
    onMoved();
  };
  return (
    <ConfirmButton label="Go back" title={`Go back to ${to.slice(0, 19)}`} act={act}>
      <p>
        {tag} will mean <DigestText digest={to} /> again. What it means now stays in its history.
      </p>
    </ConfirmButton>
  );
}
